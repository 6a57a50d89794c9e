internal import CBench

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A way to the server.
struct Server: Sendable {
    /// The name of the way in the report; `-` when there is no server.
    let transport: String
    let url: String

    static let none = Server(transport: "-", url: "")

    /// The servers that the environment names.
    static var inEnvironment: [Server] {
        let environment = ProcessInfo.processInfo.environment
        let named = [("unix", environment["VERNAL_PG_SOCKET_URL"]), ("tcp", environment["DATABASE_URL"])]
        return named.compactMap { transport, url in url.map { Server(transport: transport, url: $0) } }
    }
}

/// Where client and server run.
enum Regime: String, Sendable, CaseIterable {
    /// On one CPU: shows the work and the context switches, and hardly varies.
    case same
    /// On two: a function with its database elsewhere; the time to wake an idle CPU dominates on a virtual machine.
    case cross
    /// Wherever the system puts them.
    case free

    private var clientCPU: Int32 { self == .free ? -1 : 0 }

    private var backendCPU: Int32 {
        switch self {
        case .same: 0
        case .cross: 1
        case .free: -1
        }
    }

    /// Puts this process and the server's processes where they belong.
    ///
    /// - Returns: whether that was possible: it takes the same machine and the right to do so.
    func place(backends: [Int32]) -> Bool {
        // No short cut: all are to be placed even if one is not.
        backends.reduce(bench_pin_self(clientCPU) == 0) { isDone, backend in
            bench_pin_backend(backend, backendCPU) == 0 && isDone
        }
    }
}
