/// Says what the upstream is, from the evidence alone.
///
/// What is not known makes the rules stricter, never the result wrong: detection only allows optimisations.
package enum UpstreamDetector {
    /// The confidence from which on a probe has nothing to add.
    package static let sufficientConfidence = 0.9

    /// Weighs the evidence.
    ///
    /// - Parameter evidence: what is known so far.
    /// - Returns: the verdict.
    package static func verdict(on evidence: UpstreamEvidence) -> UpstreamVerdict {
        var seen = verdict(onWhatIsSeenIn: evidence)
        seen.isAdminConsole = evidence.serverVersion?.hasSuffix("/bouncer") == true
        if seen.isAdminConsole { seen.reasons.append("server_version is that of PgBouncer's admin console") }
        return evidence.override.map { combine($0, with: seen, lostStatement: evidence.lostStatement) } ?? seen
    }

    /// Whether one row of questions would make the verdict surer.
    ///
    /// Never asked of RDS Proxy: its host name or its missing key is enough, and the rules cannot become stricter.
    ///
    /// - Parameters:
    ///   - evidence: what is known so far.
    ///   - verdict: the verdict on it.
    /// - Returns: whether it is worth the question.
    package static func wantsProbe(_ evidence: UpstreamEvidence, _ verdict: UpstreamVerdict) -> Bool {
        guard evidence.override == nil, evidence.probe == nil else { return false }
        return verdict.confidence < sufficientConfidence && verdict.kind != .rdsProxy && !verdict.isAdminConsole
    }

    private static func verdict(onWhatIsSeenIn evidence: UpstreamEvidence) -> UpstreamVerdict {
        var verdict =
            evidence.address
            ?? UpstreamVerdict(.unknown, .unknown, confidence: 0, reasons: ["the address says nothing"])
        if let found = handshake(evidence, evidence.address) { verdict = found }
        if let probe = evidence.probe { verdict = refine(verdict, by: probe) }
        for signal in evidence.signals { verdict = strengthen(verdict, by: signal) }
        return verdict
    }

    // MARK: The handshake

    private static func handshake(_ evidence: UpstreamEvidence, _ address: UpstreamVerdict?) -> UpstreamVerdict? {
        guard let backendPID = evidence.backendPID else { return nil }
        let known = address?.reasons ?? []
        if evidence.reportedApplicationName == "Supavisor", evidence.sentApplicationName != "Supavisor" {
            let mode: PoolingMode =
                switch evidence.port {
                case 6543: .transaction
                case 5432: .session
                default: .unknown
                }
            let reason = "application_name was reported as Supavisor"
            return UpstreamVerdict(.supavisor, mode, confidence: 0.99, reasons: known + [reason])
        }
        switch BackendKeyShape(backendPID) {
        case .missing: return keyless(evidence, address)
        case .negative:
            return pooled(
                address,
                0.95,
                "the process number is below 0: PgBouncer before 1.21, PgCat or Neon made it up"
            )
        case .tooLarge:
            return pooled(address, 0.97, "the process number is larger than any: a pooler made it up")
        case .plausible: return plausible(evidence, address)
        }
    }

    private static func keyless(_ evidence: UpstreamEvidence, _ address: UpstreamVerdict?) -> UpstreamVerdict {
        let reason = "no key to cancel with was sent, as RDS Proxy does"
        if let address, ![.direct, .rdsProxy].contains(address.kind), address.confidence > 0.9 {
            var verdict = address
            verdict.reasons.append("no key to cancel with was sent")
            return verdict
        }
        let isAmazon = HostName(evidence.host ?? "").isAmazon
        return UpstreamVerdict(
            .rdsProxy,
            .transaction,
            confidence: isAmazon ? 0.97 : 0.75,
            reasons: (address?.reasons ?? []) + [reason]
        )
    }

    /// A key that no PostgreSQL sends: the address may know whose it is.
    private static func pooled(_ address: UpstreamVerdict?, _ confidence: Double, _ reason: String) -> UpstreamVerdict {
        guard let address, address.kind != .direct else {
            return UpstreamVerdict(
                .unknownPooler,
                .unknown,
                confidence: confidence,
                reasons: (address?.reasons ?? []) + [reason]
            )
        }
        var verdict = address
        verdict.confidence = max(confidence, address.confidence)
        verdict.reasons.append(reason)
        return verdict
    }

    private static func plausible(_ evidence: UpstreamEvidence, _ address: UpstreamVerdict?) -> UpstreamVerdict {
        if let name = evidence.reportedApplicationName, name != evidence.sentApplicationName {
            // PgBouncer with application_name_add_host adds " - address:port"; PgCat and Neon put a name of their own.
            let isLonger = evidence.sentApplicationName.map { name.hasPrefix("\($0) - ") } ?? false
            if isLonger || ["pgcat", "pgbouncer"].contains(name) {
                return UpstreamVerdict(
                    name == "pgcat" ? .pgcat : isLonger ? .unknownPooler : .pgbouncer,
                    .unknown,
                    confidence: 0.95,
                    reasons: (address?.reasons ?? []) + ["application_name was changed on the way"]
                )
            }
        }
        let reason = "the process number is one that a process can have"
        if var verdict = address {
            verdict.reasons.append(reason)
            return verdict
        }
        return UpstreamVerdict(.direct, .none, confidence: 0.5, reasons: [reason])
    }

    // MARK: Later evidence

    private static func refine(_ verdict: UpstreamVerdict, by probe: UpstreamProbe) -> UpstreamVerdict {
        var refined = verdict
        guard probe.backendPID == probe.announcedPID else {
            refined.reasons.append("the backend has another process number than the one announced")
            if [.direct, .unknown].contains(verdict.kind) {
                refined.kind = .unknownPooler
                refined.mode = .unknown
            }
            refined.confidence = max(verdict.confidence, 0.97)
            return refined
        }
        if let headStart = probe.backendHeadStart, headStart > 2 {
            refined.reasons.append("the backend is older than the connection: it was kept for the next client")
            if [.direct, .unknown].contains(verdict.kind) {
                refined.kind = .pgpool
                refined.mode = .session
            }
            refined.confidence = max(verdict.confidence, 0.9)
            return refined
        }
        // The address or the key has made a pooler likely; an equal number does not make it less so.
        guard [.direct, .unknown].contains(verdict.kind) else { return refined }
        let seesUs = probe.clientPort != nil && probe.clientPort == probe.localPort
        refined.kind = .direct
        refined.mode = .none
        refined.confidence = seesUs ? 0.99 : 0.9
        refined.reasons.append(
            seesUs
                ? "the backend has the announced number and sees this very connection"
                : "the backend has the announced process number"
        )
        return refined
    }

    /// A message that gave its author away: it may make the verdict stricter or more exact, never more lenient.
    private static func strengthen(_ verdict: UpstreamVerdict, by signal: UpstreamSignal) -> UpstreamVerdict {
        var strengthened = verdict
        strengthened.reasons.append(signal.reason)
        let isVague: (UpstreamKind) -> Bool = { [.direct, .unknown, .unknownPooler].contains($0) }
        if isVague(verdict.kind), verdict.kind == .direct || signal.kind != .unknownPooler {
            strengthened.kind = signal.kind
            strengthened.mode = signal.mode == .unknown && verdict.mode != .none ? verdict.mode : signal.mode
        } else if verdict.kind == signal.kind, signal.mode != .unknown {
            strengthened.mode = signal.mode
        }
        strengthened.confidence = max(verdict.confidence, signal.confidence)
        // To know the name of a pooler is no leniency: rules that are in force stay.
        return strengthened.strictness < verdict.strictness && !isVague(verdict.kind) ? verdict : strengthened
    }

    // MARK: What the user says

    private static func combine(
        _ said: UpstreamEvidence.Override,
        with seen: UpstreamVerdict,
        lostStatement: String?
    ) -> UpstreamVerdict {
        var verdict = UpstreamVerdict(said.kind, said.mode, confidence: 1, reasons: ["\(said.source) says so"])
        verdict.isAdminConsole = seen.isAdminConsole
        // That there is a pooler is no contradiction to what the user knows of its mode.
        let isSure = seen.confidence >= sufficientConfidence && seen.kind != .unknown
        let knowsMode = seen.mode != .unknown || said.kind == .direct
        guard isSure, knowsMode, seen.strictness > verdict.strictness else {
            guard said.keepsStatements else { return verdict }
            verdict.keepsStatements = lostStatement == nil
            if let lostStatement {
                let what =
                    lostStatement == "42P05"
                    ? "the name of one was taken when it was to be prepared" : "one was not there when it was to be run"
                verdict.contradiction =
                    "\(said.source) says that \(said.kind.rawValue) keeps prepared statements, but \(what) (\(lostStatement)): "
                    + "nothing is prepared any more"
            }
            return verdict
        }
        verdict = seen
        verdict.contradiction =
            "\(said.source) says \(said.kind.rawValue)\(said.mode == .none ? "" : " in \(said.mode.rawValue) mode"), "
            + "but \(seen.reasons.last ?? "it is not"): the stricter rules are kept"
        verdict.reasons.append("\(said.source) says otherwise")
        return verdict
    }
}
