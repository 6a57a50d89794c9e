import Foundation
internal import NIOHTTP1

/// Does what only the owner of the database can: named things, for one environment or for none.
package typealias FaultHandler = @Sendable (_ fault: String, EnvironmentID?) async throws -> String

/// Counts the connections that each environment has to its database; `nil` when the database does not say.
package typealias ConnectionCounter = @Sendable () async -> [EnvironmentID: Int]?

/// What `vernal ps`, `freeze`, `kill` and their like ask for.
struct ControlAPI: Sendable {
    let platform: FunctionPlatform
    let faults: FaultHandler?
    let connections: ConnectionCounter?
    let dashboard: Dashboard?

    static let base = "/_vernal/"

    /// Answers one request: only to this machine, and never to a page in a browser.
    func respond(_ call: inout HTTPCall) async throws {
        try await call.skipBody()
        guard OwnMachine.hasAddress(call.remoteAddress ?? "") else {
            return try await answer(call, .forbidden, "only this machine may control the functions")
        }
        // A page from elsewhere, whose name was made to lead here, comes with its own name.
        if let host = call.head.headers.first(name: "Host"), !OwnMachine.isNamed(host) {
            return try await answer(call, .forbidden, "this machine is not called \(host) here: use 127.0.0.1")
        }
        if call.path == Dashboard.path, call.head.method == .GET { return try await showDashboard(call) }
        // A page cannot set such a field without asking first, which nobody answers.
        guard call.head.headers.contains(name: "X-Vernal") else {
            return try await answer(call, .forbidden, "the field X-Vernal is missing")
        }
        let parts = call.path.dropFirst(Self.base.count).split(separator: "/")
        switch (call.head.method, parts.count, parts.first) {
        case (.GET, 1, "environments"): try await list(call)
        case (.GET, 1, "state"):
            guard let dashboard else { return try await answer(call, .notFound, Self.noDashboard) }
            let after = HTTPEvent.parameters(call.query).first { $0.name == "after" }.flatMap { Int($0.value) }
            let headers: HTTPHeaders = ["Content-Type": "application/json", "Cache-Control": "no-store"]
            try await call.reply.send(.ok, headers, await dashboard.state(after ?? 0))
        case (.POST, 3, "environments"):
            guard let id = Int(parts[1]).map({ EnvironmentID($0) }), platform.exists(id) else {
                return try await answer(call, .notFound, "there is no environment \(parts[1]); see vernal ps")
            }
            try await order(String(parts[2]), id, call)
        case (.POST, 2, "faults"): try await fault(String(parts[1]), nil, call)
        default: try await answer(call, .notFound, "there is nothing here")
        }
    }

    private static let noDashboard = "there is no dashboard: start vernal run with --dashboard"

    private func showDashboard(_ call: HTTPCall) async throws {
        guard let dashboard else { return try await answer(call, .notFound, Self.noDashboard) }
        let headers: HTTPHeaders = [
            "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
            // Nothing from anywhere else, and no other page around it.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                + "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ]
        try await call.reply.send(.ok, headers, dashboard.page)
    }

    private func order(_ verb: String, _ id: EnvironmentID, _ call: HTTPCall) async throws {
        switch verb {
        case "freeze":
            guard platform.freeze(id) else {
                return try await answer(call, .conflict, "environment \(id) is not idle, so it cannot be frozen")
            }
        case "thaw": platform.thaw(id)
        case "kill": platform.end(id, gently: false)
        case "term": platform.end(id, gently: true)
        case "cut", "stall", "heal":
            let mode: DatabaseRelay.Mode = verb == "cut" ? .cut : verb == "stall" ? .stall : .forward
            guard platform.setRelay(id, mode) else {
                return try await answer(
                    call,
                    .conflict,
                    "environment \(id) has no relay to its database: start vernal run with --faults"
                )
            }
        default: return try await fault(verb, id, call)
        }
        try await answer(call, .ok, "\(verb): environment \(id)")
    }

    private func fault(_ name: String, _ id: EnvironmentID?, _ call: HTTPCall) async throws {
        guard let faults else { return try await answer(call, .notFound, "there is no database to do that to") }
        do {
            try await answer(call, .ok, faults(name, id))
        } catch {
            try await answer(call, .conflict, "\(error)")
        }
    }

    private func list(_ call: HTTPCall) async throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var reports = platform.snapshot()
        if let counts = await connections?() {
            for index in reports.indices { reports[index].connections = counts[EnvironmentID(reports[index].id)] ?? 0 }
        }
        let body = try encoder.encode(reports)
        try await call.reply.send(.ok, ["Content-Type": "application/json"], Array(body))
    }

    private func answer(_ call: HTTPCall, _ status: HTTPResponseStatus, _ message: String) async throws {
        var json = JSONText()
        json.object { $0.field("message", message) }
        try await call.reply.send(status, ["Content-Type": "application/json"], json.bytes)
    }
}

/// What leads to this machine, and from no other one.
package enum OwnMachine {
    /// Whether an address is one of those that only this machine has.
    ///
    /// Whoever listens on all addresses of both kinds sees those of IPv4 within IPv6.
    package static func hasAddress(_ address: String) -> Bool {
        if address == "::1" { return true }
        let mapped = "::ffff:"
        let plain = address.hasPrefix(mapped) ? address.dropFirst(mapped.count) : address[...]
        return plain.hasPrefix("127.") && plain.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    }

    /// Whether the field `Host` names this machine, with or without a port.
    package static func isNamed(_ host: String) -> Bool {
        if host.hasPrefix("[") {
            let inside = host.dropFirst().prefix { $0 != "]" }
            return host.contains("]") && hasAddress(String(inside))
        }
        let name = host.prefix { $0 != ":" }
        return name == "localhost" || hasAddress(String(name))
    }
}
