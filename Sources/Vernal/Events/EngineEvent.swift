/// Something that happened in an engine, in a form that is safe to log.
public struct EngineEvent: Sendable {
    /// What happened.
    ///
    /// The set is open: a `switch` needs a `default`.
    public struct Kind: Sendable, Hashable, CustomStringConvertible {
        /// The name, which is stable and fit for a log or a metric.
        public let description: String
        /// Whether an operator wants to know, and not only who debugs.
        let isNoteworthy: Bool

        private init(_ description: String, isNoteworthy: Bool = false) {
            self.description = description
            self.isNoteworthy = isNoteworthy
        }

        /// A connection was opened; `duration` says how long that took.
        public static let connected = Kind("connected")
        /// A connect failed; `error` says why.
        public static let connectFailed = Kind("connectFailed")
        /// A caller has got a connection; `duration` says how long it took.
        public static let acquired = Kind("acquired")
        /// A caller has got none; `error` says why.
        public static let acquireFailed = Kind("acquireFailed")
        /// A connection came back; `duration` says for how long it was held.
        public static let released = Kind("released")
        /// A session that somebody had changed is being cleaned for the next caller.
        public static let reset = Kind("reset")
        /// A connection was closed; `reason` says why.
        public static let evicted = Kind("evicted")
        /// All connections are being replaced; `reason` says why.
        public static let invalidated = Kind("invalidated")
        /// A connection has been held for longer than `leakThreshold`, or beyond the end of an invocation; `callSite` says by whom.
        public static let leaked = Kind("leaked", isNoteworthy: true)
        /// A connection that was reported as leaked came back after all.
        public static let leakWithdrawn = Kind("leakWithdrawn", isNoteworthy: true)
        /// The process did not run for a while; `duration` says for how long.
        public static let thawed = Kind("thawed")
        /// A connect was put off, because too many were made lately.
        public static let throttled = Kind("throttled")
        /// So many connects failed that none is tried for a while.
        public static let breakerOpened = Kind("breakerOpened", isNoteworthy: true)
        /// Connects are tried again.
        public static let breakerClosed = Kind("breakerClosed", isNoteworthy: true)
        /// Whoever admits connects for the fleet does not answer, and connects go on without; `reason` says what is wrong.
        ///
        /// Told once, until there is an answer again.
        public static let admissionUnanswered = Kind("admissionUnanswered", isNoteworthy: true)
        /// Whoever admits connects for the fleet answers again.
        public static let admissionAnswered = Kind("admissionAnswered", isNoteworthy: true)
        /// It was found out what is between this process and the database; `reason` says what.
        public static let upstreamFound = Kind("upstreamFound")
        /// The settings say something else of what is in between than what is seen, or ask for what it refuses; `reason` says what.
        public static let upstreamContradiction = Kind("upstreamContradiction", isNoteworthy: true)
        /// A statement pins a proxy, leaks behind a pooler or breaks there; `reason` says what to write instead.
        ///
        /// Told once for each statement of the program.
        public static let pinned = Kind("pinned", isNoteworthy: true)
        /// A threshold is exceeded; `reason` names the alert.
        public static let alertRaised = Kind("alertRaised", isNoteworthy: true)
        /// A threshold that was exceeded is not any more; `reason` names the alert.
        public static let alertEnded = Kind("alertEnded", isNoteworthy: true)
    }

    /// What happened.
    public let kind: Kind
    /// The name of the engine; `nil` for the one without a name.
    public internal(set) var engine: String?
    /// The connection, by its `epoch`; `nil` when it is about none or about several.
    public internal(set) var epoch: Int?
    /// How long it took; what exactly, depends on the kind.
    public internal(set) var duration: Duration?
    /// Why, in a word or two.
    public internal(set) var reason: String?
    /// Who asked for the connection.
    public internal(set) var callSite: CallSite?
    /// What went wrong.
    public internal(set) var error: VernalError?

    init(_ kind: Kind) {
        self.kind = kind
    }
}

extension EngineEvent: CustomStringConvertible {
    /// The event on one line, safe to log.
    public var description: String {
        var text = kind.description
        if let engine { text += " engine=\(engine)" }
        if let epoch { text += " connection=\(epoch)" }
        if let duration { text += " duration=\(duration)" }
        if let reason { text += " reason=\(reason)" }
        if let callSite { text += " by=\(callSite)" }
        if let error { text += " error=\(error)" }
        return text
    }
}
