package import Moments

/// A connect on its way: a value that is driven by whoever wants the connection now.
///
/// When its driver has to stop (its time is up, its task is cancelled) the half-open connection stays in here, and the
/// next driver goes on where the last one stopped. So an impatient caller does not waste what the server has
/// already paid for, and no task of our own is needed to finish it.
///
/// Giving up a connect that stands in a busy server's queue makes the server work for nobody, and the next try begins at
/// the end of the queue. So the time limit is for what tells that a host is not there: that it does not accept, or accepts
/// and says nothing while there is another host to turn to. In all other cases there is nothing better to do than to wait
/// for as long as the caller can. And an address that takes long to accept gets a rival: the next one is begun beside it, and the
/// first to accept is gone on with.
package struct ConnectAttempt: ~Copyable {
    /// How a drive ended.
    package enum Progress: ~Copyable {
        case connected(LibpqConnection)
        /// Every host was tried.
        case failed(LibpqError)
        /// The driver stopped; the attempt can be driven on.
        case interrupted(GaveUp, LibpqError.ConnectPhase)
    }

    private let settings: ConnectionSettings
    /// How long one address may take to accept, and to say something if there is another host.
    let timeout: Duration
    /// The hosts that were not tried yet, the next one last.
    var targets: [HostPlan.Target]
    /// The addresses of the host that is being tried, the next one last.
    var addresses: [HostPlan.Target] = []
    // Not private, nor is its type: Swift 6.3.1 then forgets to emit the metadata that other modules refer to when optimised.
    var current: Candidate?
    /// When each step was done.
    package private(set) var marks = ConnectMarks()
    /// Another address beside the current one, while neither has accepted.
    var rival: Candidate?
    var failures: [LibpqError] = []

    struct Candidate: ~Copyable {
        var handle: PGConnHandle
        let target: HostPlan.Target
        let begun: Moment
        var wants: SocketInterest = .write
        /// Whether the server has said anything: a queue in front of it is all that a connect still waits for.
        var hasShownLife = false
        /// Whether an earlier driver left it: then its failure may be one of having been left, and says nothing.
        var wasLeft = false
        /// Whether a rival was looked for already.
        var wasRivalled = false

        /// When to give it up even if the caller has more time; `nil`: never.
        func limit(timeout: Duration, hasOtherHosts: Bool) -> Moment? {
            if handle.connectPhase == .transport || (hasOtherHosts && !hasShownLife) { return begun + timeout }
            return wasLeft ? begun + timeout * ConnectAttempt.patienceWithTheLeft : nil
        }
    }

    /// For how many time limits a connect that was left may stay without an answer: longer than a busy server's queue is
    /// likely to be, and no longer, because a connection that has died unnoticed would never answer.
    package static let patienceWithTheLeft = 5

    /// Prepares a connect.
    ///
    /// Nothing is sent before the first `drive`.
    ///
    /// - Parameters:
    ///   - settings: what the user asked for.
    ///   - timeout: the time limit for each address: to accept, and to say something if there is another host.
    /// - Throws: `invalidSettings`.
    package init(_ settings: ConnectionSettings, timeout: Duration) throws(LibpqError) {
        _ = EnvironmentVariables.areHarmless
        let plan = try HostPlan(settings.placed())
        var own = settings
        own["client_encoding"] = "UTF8"
        own["fallback_application_name"] = settings.fallbackApplicationName
        self.settings = own
        self.timeout = timeout
        targets = plan.targets.reversed()
    }

    /// Goes on with the connect until it is made, has failed, or the caller has to stop.
    package mutating func drive(
        until deadline: Moment,
        waiter: SocketWaiter
    ) async -> Progress {
        if marks.begun == nil { marks.begun = .now }
        while true {
            if CurrentTask.isCancelled {
                noteLeft()
                return .interrupted(.cancelled, phase)
            }
            if rival != nil {
                if let reason = await race(until: deadline, waiter: waiter) { return .interrupted(reason, phase) }
            } else if current != nil {
                let (wasLeft, target) = leftover
                let limit = min(deadline, raceBegins ?? deadline)
                switch await poll(until: limit, waiter: waiter) {
                case .connected(let connection): return .connected(connection)
                case .failed(let error):
                    current = nil
                    if wasLeft, let target, Self.mayBeStale(error) {
                        addresses.append(target)
                        continue
                    }
                    failures.append(error)
                    // A server that answered with a refusal was reached: another one would not know better.
                    if error.code == .connectRefused, error.server?.sqlState != "57P03" { return .failed(error) }
                case .interrupted(.timedOut, _) where limit < deadline:
                    await beginRace(until: deadline, waiter: waiter)
                case .interrupted(let reason, let phase):
                    noteLeft()
                    return .interrupted(reason, phase)
                }
            } else if let address = addresses.popLast() {
                current = begin(address)
            } else if let target = targets.last {
                if let gaveUp = await lookUp(target, until: deadline, waiter: waiter) {
                    return .interrupted(gaveUp, .nameResolution)
                }
                targets.removeLast()
            } else {
                return .failed(summary)
            }
        }
    }

    /// Whether the candidate was left by an earlier driver, and where it goes to.
    private var leftover: (wasLeft: Bool, target: HostPlan.Target?) {
        switch current {
        case .some(let candidate): (candidate.wasLeft, candidate.target)
        case .none: (false, nil)
        }
    }

    /// Whether a connect may have failed only because nobody drove it for a while.
    ///
    /// Its time was up meanwhile, or the server or the network had given it up. The address then gets a try of its own.
    static func mayBeStale(_ error: LibpqError) -> Bool {
        // 57014 is how PostgreSQL ends an authentication that takes too long.
        error.code != .connectRefused || error.server?.sqlState == "57014"
    }

    private var phase: LibpqError.ConnectPhase {
        switch current {
        case .some(let candidate): candidate.handle.connectPhase
        case .none: .nameResolution
        }
    }

    /// Fills `addresses` with those of a host.
    private mutating func lookUp(
        _ target: HostPlan.Target,
        until deadline: Moment,
        waiter: SocketWaiter
    ) async -> GaveUp? {
        guard let host = target.host, !target.needsNoLookUp else {
            addresses = [target]
            return nil
        }
        let patience = min(deadline, Moment.now + timeout)
        switch await waiter.addresses(of: host, until: patience) {
        case .success(.success(let found)):
            addresses = found.reversed().map { address in
                var resolved = target
                resolved.hostaddr = address
                return resolved
            }
        case .success(.failure(let failure)):
            failures.append(
                LibpqError(
                    .nameNotResolved,
                    "the host name \"\(host)\" cannot be resolved: \(failure.reason)",
                    phase: .nameResolution
                )
            )
        case .failure(.timedOut) where patience < deadline:
            failures.append(
                LibpqError(
                    .timedOut,
                    "the host name \"\(host)\" was not resolved within \(timeout)",
                    phase: .nameResolution
                )
            )
        case .failure(let gaveUp):
            return gaveUp
        }
        return nil
    }

    /// Begins with an address.
    mutating func begin(_ target: HostPlan.Target) -> Candidate? {
        var settings = self.settings
        marks.started(hasAddressOfItsOwn: !target.needsNoLookUp || target.hostaddr != nil)
        settings["host"] = target.host
        settings["hostaddr"] = target.hostaddr
        settings["port"] = target.port
        if let attributes = target.sessionAttributes { settings["target_session_attrs"] = attributes }
        guard let handle = PGConnHandle(connectStart: settings.options) else {
            failures.append(LibpqError(.connectFailed, "out of memory"))
            return nil
        }
        return Candidate(handle: handle, target: target, begun: .now)
    }

    private mutating func poll(until deadline: Moment, waiter: SocketWaiter) async -> Progress {
        guard var candidate = current.take() else { return .failed(summary) }
        var pace = AnswerPace(isConnecting: true)
        while true {
            let socket = candidate.handle.socket
            // libpq decides whether a descriptor that is gone is an error: polling tells.
            if socket >= 0 {
                let own = candidate.limit(timeout: timeout, hasOtherHosts: !targets.isEmpty)
                let limit = min(deadline, own ?? deadline)
                let reason = await waiter.wait(
                    for: socket,
                    candidate.wants,
                    until: limit,
                    pace: &pace,
                    isCancellable: true
                )
                switch reason {
                case .ready: break
                case .timedOut where own.map { $0 <= .now } ?? false:
                    return .failed(tooSlow(candidate.handle.connectPhase))
                case .timedOut, .cancelled:
                    let phase = candidate.handle.connectPhase
                    current = consume candidate
                    return .interrupted(reason == .cancelled ? .cancelled : .timedOut, phase)
                }
            }
            let phase = candidate.handle.connectPhase
            let hasAnswered = candidate.wants == .read && phase != .transport
            let progress = candidate.handle.connectPoll()
            // Once it has failed, libpq does not tell any more how far it was.
            if progress != .failed {
                marks.went(from: phase, to: candidate.handle.connectPhase, isEncrypted: candidate.handle.sslInUse)
            }
            switch progress {
            case .reading:
                candidate.wants = .read
                candidate.hasShownLife = candidate.hasShownLife || hasAnswered
            case .writing:
                candidate.wants = .write
                candidate.hasShownLife = candidate.hasShownLife || hasAnswered
            case .failed: return .failed(Self.error(candidate.handle, phase: phase))
            case .ok:
                marks.connected = .now
                return .connected(LibpqConnection(candidate.handle, pace: pace))
            }
        }
    }

    func tooSlow(_ phase: LibpqError.ConnectPhase) -> LibpqError {
        LibpqError(.timedOut, "no connection within \(timeout): \(phase.rawValue) was not done", phase: phase)
    }

    static func error(_ handle: borrowing PGConnHandle, phase: LibpqError.ConnectPhase) -> LibpqError {
        let text = handle.errorMessage
        if let server = ServerMessage.parse(connectError: text) {
            return LibpqError(.connectRefused, server.message, server: server, phase: .authentication)
        }
        let message = ConnectFailureText.plain(text)
        // libpq looks at the values of its options (sslmode, target_session_attrs, …) only when it starts to connect.
        let isAboutAnOption =
            message.hasPrefix("invalid connection option")
            || message.hasPrefix("invalid ") && message.contains(" value: ")
        if isAboutAnOption { return LibpqError(.invalidSettings, message) }
        return LibpqError(.connectFailed, message, phase: phase)
    }

    /// One error for all that was tried.
    ///
    /// What a server said is worth more than that others were silent.
    private var summary: LibpqError {
        guard var error = failures.last(where: { $0.server != nil }) ?? failures.last else {
            return LibpqError(.connectFailed, "there is no host to connect to")
        }
        var messages: [String] = []
        for message in failures.map(\.message) where !messages.contains(message) { messages.append(message) }
        error.message = messages.joined(separator: "; ")
        return error
    }
}
