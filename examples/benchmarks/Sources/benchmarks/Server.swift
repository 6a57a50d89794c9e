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
    /// The process of the pooler in between, if there is one and it runs here.
    var pooler: Int32?
    var isPooler = false

    static let none = Server(transport: "-", url: "")

    /// The servers that the environment names.
    ///
    /// Where the URL demands TLS, the server is used without it as well.
    static var inEnvironment: [Server] {
        let environment = ProcessInfo.processInfo.environment
        var servers: [Server] = []
        if let url = environment["VERNAL_PG_SOCKET_URL"] { servers.append(Server(transport: "unix", url: url)) }
        if let url = environment["DATABASE_URL"] {
            let plain = url.replacing("sslmode=verify-full", with: "sslmode=disable")
            servers.append(Server(transport: "tcp", url: plain))
            if plain != url { servers.append(Server(transport: "tls", url: url)) }
        }
        if let url = environment["PGBOUNCER_URL"] {
            let process = environment["PGBOUNCER_PID"].flatMap(Int32.init)
            servers.append(Server(transport: "pgbouncer", url: url, pooler: process, isPooler: true))
        }
        return servers
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

    /// Puts this process, those of peers, and those of the server where they belong.
    ///
    /// - Returns: whether that was possible: it takes the same machine and the right to do so.
    func place(peers: [Int32], backends: [Int32]) -> Bool {
        // No short cut: all are to be placed even if one is not.
        let clients = ([0] + peers).reduce(true) { bench_pin($1, clientCPU) == 0 && $0 }
        return backends.reduce(clients) { bench_pin_backend($1, backendCPU) == 0 && $0 }
    }
}
