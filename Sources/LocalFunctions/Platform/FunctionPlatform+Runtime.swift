internal import Moments
internal import Synchronization

/// What the runtime API of an environment asks and tells.
extension FunctionPlatform {
    /// What a request for the next invocation gets.
    enum NextInvocation: Sendable {
        case delivery(Delivery)
        case refused(RuntimeVerdict)
        /// The environment ends.
        case none
    }

    /// Waits for the next invocation, as long as it takes.
    func nextInvocation(_ id: EnvironmentID) async -> NextInvocation {
        noteInit(id)
        let poll = state.withLock { state in
            state.lastPoll += 1
            return PollID(state.lastPoll)
        }
        enum Early: Sendable { case refused(RuntimeVerdict), again(Delivery) }
        let early = Mutex<Early?>(nil)
        let delivery = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Delivery?, Never>) in
                apply { state in
                    state.polls[poll] = continuation
                    switch state.fleet.nextAsked(id, poll, at: .now) {
                    case .taken(let actions): return .actions(actions)
                    case .again(let invocation):
                        let delivery = state.clients[invocation].map { self.delivery(of: $0.invocation) }
                        early.withLock { $0 = delivery.map(Early.again) }
                    case .refused(let verdict): early.withLock { $0 = .refused(verdict) }
                    }
                    state.polls[poll] = nil
                    return .reply([.deliver(continuation, nil)])
                }
                if Task.isCancelled { endPoll(id, poll) }
            }
        } onCancel: {
            endPoll(id, poll)
        }
        if let delivery { return .delivery(delivery) }
        return switch early.withLock({ $0 }) {
        case .again(let delivery): .delivery(delivery)
        case .refused(let verdict): .refused(verdict)
        case nil: .none
        }
    }

    private func endPoll(_ id: EnvironmentID, _ poll: PollID) {
        apply { state in
            state.fleet.pollEnded(id, poll)
            guard let continuation = state.polls.removeValue(forKey: poll) else { return .actions([]) }
            return .reply([.deliver(continuation, nil)])
        }
    }

    /// An answer begins to come in.
    func answerBegan(_ id: EnvironmentID, _ invocation: InvocationID) -> RuntimeVerdict {
        state.withLock { $0.fleet.answerBegan(id, invocation) }
    }

    /// The client can begin to read an answer that comes in pieces.
    func answerStreams(_ invocation: InvocationID, _ pipe: BytePipe, contentType: String?) {
        apply { state in
            state.clients[invocation]?.pipe = pipe
            guard let continuation = state.clients[invocation]?.continuation.take() else {
                pipe.finish()
                return .actions([])
            }
            return .reply([.tell(continuation, .stream(pipe, contentType: contentType))])
        }
    }

    /// The whole answer is in: what the client gets, or `nil` when it has been reading all along.
    func answered(_ id: EnvironmentID, _ invocation: InvocationID, _ result: InvocationResult?) {
        apply { state in
            if case .failure(let failure) = result { state.clients[invocation]?.failure = failure }
            var effects: [Effect] = []
            if var result, let continuation = state.clients[invocation]?.continuation.take() {
                if case .answer(let body, let type, _) = result {
                    result = .answer(
                        body: body,
                        contentType: type,
                        took: state.clients[invocation]?.beganAt.map { .now - $0 }
                    )
                }
                effects.append(.tell(continuation, result))
            }
            // Known before the client hears: its next request must find the environment about to come back.
            let actions = state.fleet.answerEnded(id, invocation, at: .now)
            return .reply(effects + actions.flatMap { carryOut($0, &state) })
        }
    }

    /// The function says why it cannot start.
    func initFailed(_ id: EnvironmentID, type: String, body: [UInt8]) -> RuntimeVerdict {
        state.withLock { state in
            let verdict = state.fleet.initFailed(id, at: .now)
            if verdict == .accepted { state.hosts[id]?.initError = (type, body) }
            return verdict
        }
    }

    // MARK: Extensions

    /// An extension within the function registers; `nil` when it is too late for that.
    func registerExtension(_ id: EnvironmentID, name: String, hearsInvocations: Bool) -> String? {
        state.withLock { state in
            guard state.fleet.extensionRegistered(id, name, hearsInvocations: hearsInvocations) else { return nil }
            let identifier = RequestIdentifier.random()
            state.hosts[id]?.extensionNames[identifier] = name
            return identifier
        }
    }

    /// Waits for the next event of an extension.
    ///
    /// - Returns: the event; `nil` when the environment ends or the identifier is unknown.
    func nextEvent(_ id: EnvironmentID, extension identifier: String) async -> [UInt8]? {
        guard let name = state.withLock({ $0.hosts[id]?.extensionNames[identifier] }) else { return nil }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                apply { state in
                    guard state.hosts[id] != nil else { return .reply([.notify(continuation, nil)]) }
                    let before = state.hosts[id]?.extensionWaits.updateValue(continuation, forKey: name)
                    if let before { return .reply([.notify(before, nil)]) }
                    return .actions(state.fleet.extensionAsked(id, name, at: .now))
                }
                if Task.isCancelled { endWait(id, name) }
            }
        } onCancel: {
            endWait(id, name)
        }
    }

    private func endWait(_ id: EnvironmentID, _ name: String) {
        apply { state in
            guard let continuation = state.hosts[id]?.extensionWaits.removeValue(forKey: name) else {
                return .actions([])
            }
            return .reply([.notify(continuation, nil)])
        }
    }
}
