internal import LibpqIO
internal import PoolCore
internal import Synchronization

/// What one engine knows of its upstream, and the rules that follow.
///
/// It is told what is seen, keeps the verdict for the life of the process, and answers what may be done. Before the first connect the
/// strictest rules hold. The first handshake settles them; afterwards they only become stricter, unless a probe shows that
/// nothing is in between.
final class UpstreamWatch: Sendable {
    private struct State: Sendable {
        var evidence: UpstreamEvidence
        var verdict: UpstreamVerdict
        var rules: UpstreamRules
        var isSettled = false
        var pins = PinGuard()
        var dropped: Set<String> = []
        var mayProbe = true
        /// Whether an answer to a probe would still tell something.
        var wantsProbe = false
        /// Why the server cannot be told to end sessions that rest.
        var idleSessionRefusal: String?
        var hasToldOfIdleSessions = false
        /// What is not prepared any more, on whichever connection.
        var unprepared: Set<String> = []
    }

    /// So many texts are kept in mind; a connection that meets a further one finds out by itself.
    private static let mostUnprepared = 500

    private let state: Mutex<State>
    private let isGuarding = Atomic<Bool>(false)
    private let isResettable = Atomic<Bool>(false)
    private let isNaming = Atomic<Bool>(false)
    private let isForgetting = Atomic<Bool>(false)
    private let isPipelining = Atomic<Bool>(false)
    private let isRDSProxy = Atomic<Bool>(false)
    private let isAskable = Atomic<Bool>(false)
    private let applicationName: String
    private let policy: PinPolicy
    private let mayProbe: Bool
    /// Whom to tell; set before the first connect.
    private let tell: @Sendable (UpstreamNotice) -> Void

    init(_ configuration: EngineConfiguration, tell: @escaping @Sendable (UpstreamNotice) -> Void) {
        var evidence = UpstreamEvidence(
            host: configuration.settings["host"],
            port: configuration.settings["port"].flatMap { Int($0) },
            user: configuration.settings["user"]
        )
        if let upstream = configuration.upstream {
            evidence.override = .init(
                upstream.kind,
                upstream.mode,
                keepsStatements: upstream.keepsStatements,
                source: configuration.upstreamSource
            )
        }
        let verdict = UpstreamDetector.verdict(on: evidence)
        state = Mutex(State(evidence: evidence, verdict: verdict, rules: UpstreamRules(for: verdict)))
        applicationName = configuration.settings.applicationName
        policy = configuration.pinPolicy
        mayProbe = configuration.probesUpstream
        self.tell = tell
    }

    /// The rules of this moment.
    var rules: UpstreamRules { state.withLock(\.rules) }

    /// The verdict and the rules, for a person.
    var status: UpstreamStatus { state.withLock { UpstreamStatus($0.verdict, $0.rules) } }

    // MARK: Evidence

    /// A connection was made.
    ///
    /// - Returns: why it cannot be used, if it is the console of a pooler.
    func connected(_ link: borrowing LibpqConnection) -> VernalError? {
        let handshake = UpstreamHandshake(link, askedAs: applicationName)
        let isConsole = change { state in
            handshake.add(to: &state.evidence)
            return UpstreamDetector.verdict(on: state.evidence).isAdminConsole
        }
        guard isConsole else { return nil }
        return VernalError(
            .configuration,
            "the database is the admin console of PgBouncer, which takes orders and runs no SQL: "
                + "name the database that it serves"
        )
    }

    /// Somebody in between, or the server, has said something.
    func heard(_ message: ServerMessage?, isNotice: Bool = false) {
        guard let message, let signal = UpstreamSignal(UpstreamMessage(message, isNotice: isNotice)) else { return }
        change { state in _ = state.evidence.add(signal) }
    }

    /// Something was found out in another way.
    func found(_ signal: UpstreamSignal) {
        change { state in _ = state.evidence.add(signal) }
    }

    /// Whether one row of questions would tell more.
    ///
    /// - Returns: `true` once: whoever gets it asks.
    func takesProbe() -> Bool {
        guard isAskable.load(ordering: .relaxed) else { return false }
        return state.withLock { state in
            guard state.mayProbe else { return false }
            state.mayProbe = false
            isAskable.store(false, ordering: .relaxed)
            return true
        }
    }

    /// Whether an answer to those questions would still tell something, whoever is asking already.
    var wantsProbe: Bool { state.withLock(\.wantsProbe) }

    /// The probe came to nothing, and not because of an answer: the next may ask.
    func probeFailed() {
        change { $0.mayProbe = true }
    }

    /// The probe was answered.
    ///
    /// It may show that nothing is in between: then, and only then, the rules become more lenient.
    func probed(_ probe: UpstreamProbe) {
        change { state in
            state.evidence.probe = probe
            let verdict = UpstreamDetector.verdict(on: state.evidence)
            if verdict.kind == .direct { state.isSettled = false }
        }
    }

    /// Changes the evidence and draws the conclusions.
    @discardableResult
    private func change<R: Sendable>(_ body: (inout State) -> R) -> R {
        let (result, verdict, isNew, isNewContradiction) = state.withLock { state in
            let result = body(&state)
            let verdict = UpstreamDetector.verdict(on: state.evidence)
            let rules = UpstreamRules(for: verdict)
            let isFirst = !state.isSettled
            let isNew = isFirst || verdict.kind != state.verdict.kind || verdict.mode != state.verdict.mode
            let isNewContradiction = isFirst || verdict.contradiction != state.verdict.contradiction
            state.rules = state.isSettled ? state.rules.stricter(with: rules) : rules
            state.verdict = verdict
            state.isSettled = true
            isResettable.store(state.rules.allowsReset, ordering: .relaxed)
            isNaming.store(state.rules.preparesStatements, ordering: .relaxed)
            isForgetting.store(state.rules.forgetsStatements, ordering: .relaxed)
            isPipelining.store(state.rules.pipelining == .yes, ordering: .relaxed)
            isRDSProxy.store(verdict.kind == .rdsProxy, ordering: .relaxed)
            // Found out here and not when it is asked for, which is at every statement.
            state.wantsProbe = mayProbe && UpstreamDetector.wantsProbe(state.evidence, verdict)
            isAskable.store(state.wantsProbe && state.mayProbe, ordering: .relaxed)
            isGuarding.store(state.rules.guardsStatements && policy != .allow, ordering: .relaxed)
            return (result, verdict, isNew, isNewContradiction)
        }
        if isNew { tell(.verdict(verdict)) }
        if isNewContradiction, let text = verdict.contradiction { tell(.contradiction(text)) }
        return result
    }

    // MARK: The startup packet

    /// The settings without what the upstream has refused, or is known to refuse.
    func settings(_ wanted: ConnectionSettings) -> ConnectionSettings {
        let isProxy = state.withLock { state in
            state.verdict.kind == .rdsProxy && state.verdict.confidence >= UpstreamDetector.sufficientConfidence
        }
        if isProxy, wanted["options"] != nil { _ = drop("options") }
        var settings = wanted
        for keyword in state.withLock(\.dropped) { settings[keyword] = nil }
        return settings
    }

    /// Learns from a refused connect which parameter to leave out.
    ///
    /// - Returns: whether the connect is worth another try, which it is once for each parameter.
    func learns(from error: LibpqError, _ wanted: ConnectionSettings) -> Bool {
        guard error.code == .connectRefused, let server = error.server else { return false }
        heard(server)
        guard let keyword = StartupRefusal.keyword(in: UpstreamMessage(server)), wanted[keyword] != nil else {
            return false
        }
        return drop(keyword)
    }

    private func drop(_ keyword: String) -> Bool {
        guard state.withLock({ $0.dropped.insert(keyword).inserted }) else { return false }
        tell(.parameterDropped(keyword))
        return true
    }

    // MARK: Sessions that rest

    /// What to do about a connection to a server of that version, so that a session ends that rests.
    func step(of rule: IdleSessionRule, serverVersion: Int) -> IdleSessionRule.Step {
        state.withLock { state in
            if let refusal = state.idleSessionRefusal { return .refrain(refusal) }
            return rule.step(
                state.rules,
                state.verdict.kind,
                serverVersion: serverVersion,
                canFindOut: state.wantsProbe
            )
        }
    }

    /// The server, or what speaks as one, does not know the setting: it is not sent any more.
    func refusesIdleSessionTimeout(_ sqlState: String) {
        let refusal = "the server refuses it (\(sqlState))"
        state.withLock { $0.idleSessionRefusal = refusal }
        leavesIdleSessions(because: refusal)
    }

    /// Sessions that rest stay as they are; told once.
    func leavesIdleSessions(because reason: String) {
        let isNew = state.withLock { state in
            defer { state.hasToldOfIdleSessions = true }
            return !state.hasToldOfIdleSessions
        }
        if isNew { tell(.idleSessionsStay(reason)) }
    }

    // MARK: Statements

    /// Whether statements have to be looked at before they are sent.
    ///
    /// One load: this is asked before every statement.
    var guardsStatements: Bool { isGuarding.load(ordering: .relaxed) }

    /// Whether the session can be cleaned with `DISCARD ALL`; asked when a connection comes back.
    var allowsReset: Bool { isResettable.load(ordering: .relaxed) }

    /// Whether statements may be prepared under a name.
    var allowsNamedStatements: Bool { isNaming.load(ordering: .relaxed) }

    /// Whether they may, or a question to the server would tell.
    var mayAllowNamedStatements: Bool { allowsNamedStatements || isAskable.load(ordering: .relaxed) }

    /// Whether the server can be told which prepared statements it can forget.
    var forgetsStatements: Bool { isForgetting.load(ordering: .relaxed) }

    /// Whether what is prepared may be run by its name.
    ///
    /// Behind a pooler not in a transaction: that may be on another server connection than the last one, where the same text was
    /// prepared before its table changed, or where nothing is if the user is wrong. Only the error would tell, and end the transaction.
    func allowsNames(inTransaction: Bool) -> Bool { allowsNamedStatements && (!inTransaction || forgetsStatements) }

    /// Whether it does any good to prepare a statement: it is one that is planned, and no connection has given it up.
    func isWorthPreparing(_ text: String) -> Bool {
        state.withLock { $0.pins.classify(text).isPlanned && !$0.unprepared.contains(text) }
    }

    /// The pooler has only an old plan for a statement, and would give that to every connection.
    func givesUpPreparing(_ text: String) {
        state.withLock { state in
            guard state.unprepared.count < Self.mostUnprepared else { return }
            state.unprepared.insert(text)
        }
    }

    /// A statement that was prepared was not there, or its name was somebody else's: the pooler does not keep them for each client,
    /// whatever the user says.
    ///
    /// - Parameter sqlState: the error, 26000 or 42P05.
    func lostStatement(_ sqlState: String) {
        change { state in
            if state.rules.keepsStatements { state.evidence.lostStatement = sqlState }
        }
    }

    /// Whether several statements may be on their way at once.
    var allowsPipelining: Bool { isPipelining.load(ordering: .relaxed) }

    /// Whether it is known that what a session keeps is shared with others anyway.
    var sharesSessions: Bool {
        state.withLock { $0.verdict.mode == .transaction || $0.verdict.mode == .statement }
    }

    /// Whether `SET LOCAL` does no harm in a transaction.
    ///
    /// RDS Proxy lists every `SET` among what pins, without an exception for this one.
    var allowsLocalSettings: Bool { !isRDSProxy.load(ordering: .relaxed) }

    /// What a statement is, and does to its session.
    func `class`(of text: String) -> StatementClass { state.withLock { $0.pins.classify(text) } }

    /// What a statement does to its session, and whether there is anything among it that it must not do, or not everywhere.
    func look(at text: String, sample: TextSample?) -> (traits: StatementTraits, isDelicate: Bool) {
        state.withLock { state in
            let traits = state.pins.classify(text, sample: sample).traits
            return (traits, traits.intersects(state.rules.forbidden))
        }
    }

    /// Whether a statement does something that it must not.
    func isBreach(_ text: String, inTransaction: Bool) -> Bool {
        state.withLock { state in
            !state.rules.breaches(state.pins.classify(text).traits, inTransaction: inTransaction).isEmpty
        }
    }

    /// Reports what a statement must not do.
    ///
    /// - Throws: `misuse` when it is not to be sent.
    func report(_ text: String, inTransaction: Bool) throws(VernalError) {
        let (findings, new) = state.withLock { state in
            state.pins.check(text, state.rules, inTransaction: inTransaction)
        }
        guard let first = findings.first else { return }
        for finding in new { tell(.pin(finding, statement: Self.beginning(of: text))) }
        guard policy == .refuse else { return }
        throw VernalError(.misuse, "the statement was not sent: \(first.description) (pinPolicy is refuse)")
    }

    /// The first words of a statement, without a literal: enough to find it.
    private static func beginning(of text: String) -> String {
        let words = text.prefix(60).split(whereSeparator: \.isWhitespace).prefix(4)
        return words.prefix { !$0.contains("'") && !$0.contains("$") && !$0.contains("=") }.joined(separator: " ")
    }
}
