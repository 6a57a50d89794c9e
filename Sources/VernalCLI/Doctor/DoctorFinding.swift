import LibpqIO
import Vernal

/// Something that is worth to be said of a connection, and what to do about it.
struct DoctorFinding: Equatable, Encodable {
    enum Level: String, Encodable {
        /// It does not work, or not for long.
        case problem
        /// It works, and would be better otherwise.
        case advice
        /// Good to know.
        case note
    }

    let level: Level
    let what: String
    /// What to change; `nil` for a note.
    let change: String?

    init(_ level: Level, _ what: String, change: String? = nil) {
        self.level = level
        self.what = what
        self.change = change
    }
}

extension DoctorFacts {
    /// All there is to say, the worst first.
    var findings: [DoctorFinding] {
        let all =
            failureFindings + encryptionFindings + certificateFindings + timeFindings + slotFindings + serverFindings
            + upstreamFindings
        let order: [DoctorFinding.Level] = [.problem, .advice, .note]
        return order.flatMap { level in all.filter { $0.level == level } }
    }

    private var failureFindings: [DoctorFinding] {
        guard let failure else { return [] }
        return [DoctorFinding(.problem, failure.message, change: failure.remedy(sslMode: sslMode))]
    }

    private var encryptionFindings: [DoctorFinding] {
        guard failure == nil, !isSocket else { return [] }
        guard tls != nil else {
            let what = "the connection is not encrypted (sslmode=\(sslMode))"
            return isNear
                ? [DoctorFinding(.note, what + ", and does not leave this machine")]
                : [DoctorFinding(.problem, what, change: "turn TLS on at the server, and set sslmode=verify-full")]
        }
        var findings: [DoctorFinding] = []
        if let verificationFinding { findings.append(verificationFinding) }
        if channelBinding == .passes {
            findings.append(
                DoctorFinding(
                    .note,
                    "channel_binding=require works here: it refuses whoever stands in between with a certificate of his own"
                )
            )
        }
        return findings
    }

    private var verificationFinding: DoctorFinding? {
        switch verification {
        case .passes:
            DoctorFinding(
                .advice,
                checksChain
                    ? "of the certificate the chain is checked, the name is not (sslmode=\(sslMode))"
                    : "the certificate is good, but sslmode=\(sslMode) does not insist on that",
                change: "set sslmode=verify-full: it works here as it is"
            )
        case .fails(let reason) where checksChain:
            DoctorFinding(
                isNear ? .note : .advice,
                "of the certificate the chain is checked, the name is not (sslmode=\(sslMode)), and would not pass: \(reason)",
                change: "connect by a name that is in the certificate, then set sslmode=verify-full"
            )
        case .fails(let reason):
            DoctorFinding(
                isNear ? .note : .advice,
                "the certificate is not checked (sslmode=\(sslMode)), and would not pass: \(reason)",
                change: "get the certificate of the authority, then set sslmode=verify-full&sslrootcert=FILE"
            )
        case .isSet, .notTried: nil
        }
    }

    private var certificateFindings: [DoctorFinding] {
        guard let certificate = tls?.certificate else { return [] }
        let days = Int(((Double(certificate.notAfter) - now) / 86_400).rounded(.down))
        if days < 0 {
            return [
                DoctorFinding(
                    .problem,
                    "the certificate ended \(SizingText.count(-days, "day")) ago",
                    change: "renew it at the server"
                )
            ]
        }
        if Double(certificate.notBefore) > now {
            return [
                DoctorFinding(
                    .problem,
                    "the certificate is not yet valid",
                    change: "compare the clocks of both machines"
                )
            ]
        }
        // Most authorities renew a month before the end.
        guard days < 21 else { return [] }
        return [
            DoctorFinding(
                .advice,
                "the certificate ends in \(SizingText.count(days, "day"))",
                change: "renew it at the server"
            )
        ]
    }

    private var timeFindings: [DoctorFinding] {
        var findings: [DoctorFinding] = []
        if let time = times[.name], time > .milliseconds(100) {
            findings.append(
                DoctorFinding(
                    .advice,
                    "looking up the name took \(DoctorText.milliseconds(time))",
                    change: "look at the resolver of this machine; every cold start pays this"
                )
            )
        }
        guard let timing = inspection?.timing else { return findings }
        if timing.second > .milliseconds(10) {
            findings.append(
                DoctorFinding(
                    .advice,
                    "each question takes \(DoctorText.milliseconds(timing.second)) there and back",
                    change: "run the function in the region and the network of its database"
                )
            )
        }
        let difference = abs(timing.clockDifference) - timing.second / .seconds(2)
        if difference > 2 {
            findings.append(
                DoctorFinding(
                    difference > 60 ? .problem : .advice,
                    "the server's clock is \(DoctorText.seconds(timing.clockDifference)) ours",
                    change: "set both by a time server: certificates and tokens (IAM) depend on it"
                )
            )
        }
        return findings
    }
}
