import Foundation
import LibpqIO
import Vernal

/// What was found out, for a person.
struct DoctorText {
    let facts: DoctorFacts

    var text: String {
        var place = facts.address
        if let database = facts.database { place += ", database \(database)" }
        if let user = facts.user { place += ", user \(user)" }
        var lines = [place, ""] + steps
        let states = [certificate, binding, upstream, clock, slots].compactMap(\.self)
        if !states.isEmpty { lines += [""] + states }
        lines.append("")
        let findings = facts.findings
        if findings.isEmpty { lines.append("Nothing to change.") }
        for finding in findings {
            lines.append("\(Self.mark(finding.level)) \(finding.what)")
            if let change = finding.change { lines.append("          -> \(change)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func mark(_ level: DoctorFinding.Level) -> String {
        switch level {
        case .problem: "problem  "
        case .advice: "advice   "
        case .note: "note     "
        }
    }

    private var steps: [String] {
        var lines: [String] = []
        for step in DoctorFacts.Step.allCases {
            let name = step.rawValue.padding(toLength: 16, withPad: " ", startingAt: 0)
            if let time = facts.times[step] {
                let extra = step == .tls ? "   \(cipher)" : ""
                lines.append("  \(name)\(Self.column(time))\(extra)")
            } else if facts.failure?.step == step {
                lines.append("  \(name)  FAILED")
                return lines
            }
        }
        if let timing = facts.inspection?.timing {
            lines.append("  next query      \(Self.column(timing.second))")
        }
        return lines
    }

    private var cipher: String {
        [facts.tls?.version, facts.tls?.cipher].compactMap(\.self).joined(separator: ", ")
    }

    private var certificate: String? {
        guard facts.tls != nil else { return nil }
        let chain = "the chain is checked, the name is not (sslmode=\(facts.sslMode))"
        let checked =
            switch facts.verification {
            case .isSet: "checked, name included (sslmode=verify-full)"
            case .passes where facts.checksChain: "\(chain); it would pass"
            case .fails where facts.checksChain: "\(chain); it would not pass"
            case .notTried where facts.checksChain: chain
            case .passes: "not insisted on (sslmode=\(facts.sslMode)); it would pass"
            case .fails: "not checked (sslmode=\(facts.sslMode)); it would not pass"
            case .notTried: "sslmode=\(facts.sslMode)"
            }
        guard let certificate = facts.tls?.certificate else { return "certificate  " + checked }
        let end = Date(timeIntervalSince1970: Double(certificate.notAfter)).formatted(.iso8601.year().month().day())
        return "certificate  \(certificate.subject), signed by \(certificate.issuer), until \(end); \(checked)"
    }

    private var binding: String? {
        switch facts.channelBinding {
        case .isSet: "channel      bound to the password's exchange (channel_binding=require)"
        case .passes: "channel      can be bound (channel_binding=require works)"
        case .fails(let reason): "channel      cannot be bound: \(reason)"
        case .notTried: nil
        }
    }

    private var upstream: String? {
        guard let inspection = facts.inspection else { return nil }
        let status = inspection.status
        let version = inspection.serverVersion.map { ", PostgreSQL \($0)" } ?? ""
        return "upstream     \(status.kind), mode \(status.mode), confidence "
            + "\(Int((status.confidence * 100).rounded())) %\(version)"
    }

    private var clock: String? {
        guard let timing = facts.inspection?.timing else { return nil }
        // It is not known better than to half of the way there and back.
        if abs(timing.clockDifference) <= max(timing.second / .seconds(2), 0.001) {
            return "clock        the server's agrees with ours"
        }
        return "clock        the server's is \(Self.seconds(timing.clockDifference)) ours"
    }

    private var slots: String? {
        guard let server = facts.server else { return nil }
        var text = "slots        \(server.used) of \(server.maxConnections) in use, \(server.reserved) reserved"
        if let limit = server.roleLimit { text += "; role \(server.role): \(server.roleUsed) of \(limit)" }
        if let limit = server.databaseLimit {
            text += "; database \(server.database): \(server.databaseUsed) of \(limit)"
        }
        if let limit = facts.inspection?.pooler?.clientLimit { text += "; the pooler takes \(limit) clients" }
        return text
    }

    // MARK: Numbers

    private static func column(_ time: Duration) -> String {
        let text = milliseconds(time)
        return String(repeating: " ", count: max(0, 12 - text.count)) + text
    }

    /// `0.4 ms`.
    static func milliseconds(_ time: Duration) -> String { "\(((time / .milliseconds(1)) * 10).rounded() / 10) ms" }

    /// `1.2 s ahead of`, `3 ms behind`.
    static func seconds(_ difference: Double) -> String {
        let size = abs(difference)
        let text = size < 1 ? "\(Int((size * 1000).rounded())) ms" : "\((size * 10).rounded() / 10) s"
        return text + (difference < 0 ? " behind" : " ahead of")
    }
}
