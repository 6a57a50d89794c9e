package import Moments

/// One environment: where it stands, and what it has in hand.
package struct EnvironmentState: Sendable, Equatable {
    /// Where an environment stands.
    package enum Phase: String, Sendable, CaseIterable {
        /// The process is being made. Goes on to `initialising`, or to `gone` when it cannot be made.
        case starting
        /// The process runs and has not asked for an invocation. Goes on to `idle`, `stopping`, `gone`.
        case initialising
        /// It waits for an invocation. Goes on to `running`, `frozen`, `stopping`, `gone`.
        case idle
        /// It has an invocation in hand, or has not come back from its last one. Goes on to `idle`, `stopping`, `gone`.
        case running
        /// It waits, and its processes are stopped. Goes on to `idle`, `running`, `stopping`, `gone`.
        case frozen
        /// It has been told to end. Goes on to `gone`.
        case stopping
        /// Its process has ended.
        case gone

        /// What can come after this.
        package var exits: Set<Phase> {
            switch self {
            case .starting: [.initialising, .stopping, .gone]
            case .initialising: [.idle, .stopping, .gone]
            case .idle: [.running, .frozen, .stopping, .gone]
            case .running: [.idle, .stopping, .gone]
            case .frozen: [.idle, .running, .stopping, .gone]
            case .stopping: [.gone]
            case .gone: []
            }
        }
    }

    /// How far the answer to an invocation has come.
    package enum Answer: String, Sendable {
        /// The invocation is in the function's hands.
        case awaited = "RuntimeRunning"
        /// The answer is coming in.
        case arriving = "InvocationResponse"
        /// The answer is in; the environment has not asked for more yet.
        case given = "RuntimeResponseSentState"
        /// The deadline has passed; an answer would be too late.
        case overdue = "InvokeTimeout"
    }

    /// An invocation in the hands of the environment.
    package struct Flight: Sendable, Equatable {
        package let invocation: InvocationID
        package let deadline: Moment
        package var answer = Answer.awaited
    }

    /// An extension within the function.
    package struct Extension: Sendable, Equatable {
        /// Whether it wants to hear of invocations.
        package let hearsInvocations: Bool
        /// Whether it waits for its next event.
        package var isWaiting = false
    }

    package let id: EnvironmentID
    package private(set) var phase = Phase.starting
    /// When it came into its phase.
    package private(set) var since: Moment
    /// Invocations it was given.
    package var flights: [Flight] = []
    /// Invocations that wait for this very environment: those for which it was started.
    package var reserved: [InvocationID] = []
    /// Requests for an invocation that wait, the oldest first.
    package var polls: [PollID] = []
    /// The extensions that registered.
    package var extensions: [String: Extension] = [:]
    /// Until when the first request for an invocation has to come.
    package var initDeadline: Moment?
    /// Whether the function said why it could not start.
    package var hasInitError = false
    /// Whether it was started because the one before it took too long to start.
    package let isRetry: Bool
    /// When SIGKILL follows.
    package var killAt: Moment?
    /// Why it is being ended, when it has to be told to clients.
    package var endReason: FunctionFailure?
    /// Whether its program was replaced: it ends as soon as it has nothing in hand.
    package var isOutdated = false
    /// How many invocations it was given so far.
    package var invocations = 0
    /// How often it was frozen.
    package var freezes = 0

    package init(_ id: EnvironmentID, isRetry: Bool = false, at now: Moment) {
        self.id = id
        self.isRetry = isRetry
        since = now
    }

    /// The one place where a phase changes.
    ///
    /// - Returns: whether it did: a change that does not exist is an event that came late, and is left out.
    @discardableResult
    mutating func change(to next: Phase, at now: Moment) -> Bool {
        guard phase.exits.contains(next) else { return false }
        phase = next
        since = now
        if next == .frozen { freezes += 1 }
        return true
    }

    /// Invocations it has or is about to get.
    package var load: Int { flights.count + reserved.count }

    /// Whether the process can be given something.
    package var isReady: Bool { phase == .idle || phase == .running || phase == .frozen }

    /// Whether everything in it waits: then, and only then, the platform may stop it.
    package var isQuiet: Bool {
        flights.isEmpty && reserved.isEmpty && extensions.values.allSatisfy(\.isWaiting)
    }

    /// The position of an invocation among the flights.
    func position(of invocation: InvocationID) -> Int? { flights.firstIndex { $0.invocation == invocation } }
}
