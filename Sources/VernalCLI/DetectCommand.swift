import ArgumentParser
import Foundation
import Vernal

/// `vernal detect`: says what is between a client and its database.
struct DetectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "Say what is between you and your database: PgBouncer, RDS Proxy, or nothing.",
        discussion: """
            It makes one connection and looks at what arrives: no session setting, nothing that pins a proxy. With --probe it \
            also asks the backend who it is, and may offer a second connection a parameter that some poolers refuse.

            The exit status is 0 when there is a verdict, 69 when the server could not be reached, 77 when it refused the login, \
            and 64 for wrong usage. Passwords are never shown.
            """
    )

    @OptionGroup var server: ServerArgument

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Ask, too, and do not only look.")
    var probe = false

    func validate() throws {
        if server.text == nil {
            throw ValidationError("Say where the database is: vernal detect postgres://… (or set DATABASE_URL)")
        }
    }

    func run() async throws {
        let inspection: UpstreamInspection
        do throws(VernalError) {
            let configuration = try EngineConfiguration(url: server.text ?? "")
            inspection = try await UpstreamInspection.inspect(
                configuration,
                asking: probe ? .probe : [],
                timeout: .seconds(server.timeout)
            )
        } catch {
            standardError("vernal: \(error)")
            throw ExitCode(ServerArgument.status(for: error))
        }
        standardOutput(json ? try Self.json(inspection) : Self.text(inspection))
    }

    private struct Output: Encodable {
        let kind: String
        let mode: String
        let confidence: Double
        let evidence: [String]
        let rules: [String]
        let contradiction: String?
        let address: String
        let serverVersion: String?
        let slots: UpstreamInspection.Slots?
        let refusedParameters: [String]
    }

    private static func json(_ inspection: UpstreamInspection) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let status = inspection.status
        let output = Output(
            kind: status.kind,
            mode: status.mode,
            confidence: status.confidence,
            evidence: status.evidence,
            rules: status.rules,
            contradiction: status.contradiction,
            address: inspection.address,
            serverVersion: inspection.serverVersion,
            slots: inspection.slots,
            refusedParameters: inspection.refusedParameters
        )
        return String(decoding: try encoder.encode(output), as: UTF8.self)
    }

    private static func text(_ inspection: UpstreamInspection) -> String {
        let status = inspection.status
        var lines = [
            "upstream    \(status.kind), mode \(status.mode), confidence \(Int((status.confidence * 100).rounded())) %",
            "address     \(inspection.address)",
        ]
        if let version = inspection.serverVersion { lines.append("server      PostgreSQL \(version)") }
        if let slots = inspection.slots {
            lines.append(
                "slots       \(slots.used) of \(slots.limit) in use, \(slots.reserved) kept for administrators"
            )
        }
        if let contradiction = status.contradiction { lines.append("warning     \(contradiction)") }
        for keyword in inspection.refusedParameters { lines.append("refused     the parameter \(keyword)") }
        lines += status.evidence.map { "evidence    \($0)" }
        lines += status.rules.map { "rule        \($0)" }
        return lines.joined(separator: "\n")
    }
}
