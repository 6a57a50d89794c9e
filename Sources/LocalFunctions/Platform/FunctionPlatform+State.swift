import Foundation
internal import Moments
internal import Synchronization

extension FunctionPlatform {
    /// Everything that changes, behind one lock.
    struct State {
        var fleet: Fleet
        var clients: [InvocationID: Client] = [:]
        var polls: [PollID: CheckedContinuation<Delivery?, Never>] = [:]
        var hosts: [EnvironmentID: Host] = [:]
        /// What was written during the invocations whose clients want to know.
        var tails: [InvocationID: LogTail] = [:]
        var lastPoll = 0
        var isEnding = false
    }

    /// Who waits for the result of an invocation.
    struct Client {
        let invocation: Invocation
        var continuation: CheckedContinuation<InvocationResult, Never>?
        var environment: EnvironmentID?
        var beganAt: Moment?
        var initDuration: Duration?
        var failure: FunctionFailure?
        /// What the client reads a streamed answer from.
        var pipe: BytePipe?
    }

    /// What belongs to an environment and is not a decision.
    struct Host {
        var group: ProcessGroup?
        let startedAt: Moment
        /// How long it took to make the process.
        var spawnDuration: Duration?
        /// From the start of the process to its first request for an invocation.
        var initDuration: Duration?
        /// Where it listens, if it is spoken to over HTTP.
        var port: Int?
        var initError: (type: String, body: [UInt8])?
        /// The registered extensions: their identifiers, and what waits for their next event.
        var extensionNames: [String: String] = [:]
        var extensionWaits: [String: CheckedContinuation<[UInt8]?, Never>] = [:]
        var relay: DatabaseRelay?
    }

    /// What has to be done after the lock was given back.
    enum Effect {
        case start(EnvironmentID)
        case tell(CheckedContinuation<InvocationResult, Never>, InvocationResult)
        case deliver(CheckedContinuation<Delivery?, Never>, Delivery?)
        case notify(CheckedContinuation<[UInt8]?, Never>, [UInt8]?)
        case breakOff(BytePipe, FunctionFailure, InvocationID)
        case report(EnvironmentID, Client, ProcessGroup?)
        case observe(PlatformEvent)
    }

    /// What an event leads to.
    enum Consequence {
        case actions([FleetAction])
        case reply([Effect])
    }

    /// One event: decides and sends signals under the lock, and does the rest without it.
    ///
    /// Signals are sent under the lock because their order is the fleet's: a thaw that overtook the freeze before it would
    /// leave an environment stopped with an invocation in hand.
    func apply(_ event: (inout State) -> Consequence) {
        let effects = state.withLock { state -> [Effect] in
            switch event(&state) {
            case .actions(let actions): actions.flatMap { carryOut($0, &state) }
            case .reply(let effects): effects
            }
        }
        for effect in effects { carryOut(effect) }
    }

    /// One event that the fleet alone decides.
    func act(_ event: (inout State) -> [FleetAction]) {
        apply { state in .actions(event(&state)) }
    }

    // MARK: Under the lock

    func carryOut(_ action: FleetAction, _ state: inout State) -> [Effect] {
        switch action {
        case .start(let id):
            state.hosts[id] = Host(startedAt: .now)
            return [.start(id)]
        case .deliver(let invocation, let id, let poll): return deliver(invocation, id, poll, &state)
        case .notify(let name, let invocation, let id):
            guard let continuation = state.hosts[id]?.extensionWaits.removeValue(forKey: name) else { return [] }
            return [.notify(continuation, extensionEvent(for: invocation, in: state))]
        case .freeze(let id):
            state.hosts[id]?.group?.freeze()
            return [.observe(.environment(id, .frozen))]
        case .thaw(let id):
            state.hosts[id]?.group?.thaw()
            return [.observe(.environment(id, .idle))]
        case .terminate(let id):
            state.hosts[id]?.group?.terminate()
            return [.observe(.environment(id, .stopping))]
        case .kill(let id):
            state.hosts[id]?.group?.kill9()
            return [.observe(.environment(id, .stopping))]
        case .fail(let invocation, let failure, let id): return fail(invocation, failure, id, &state)
        case .reject(let invocation):
            state.tails[invocation] = nil
            guard let client = state.clients.removeValue(forKey: invocation) else { return [] }
            return client.continuation.map { [.tell($0, .rejected)] } ?? []
        case .settle(let invocation, let id):
            guard let client = state.clients.removeValue(forKey: invocation) else { return [] }
            return [.report(id, client, state.hosts[id]?.group)]
        }
    }

    private func deliver(
        _ invocation: InvocationID,
        _ id: EnvironmentID,
        _ poll: PollID?,
        _ state: inout State
    ) -> [Effect] {
        guard var client = state.clients[invocation] else { return [] }
        client.environment = id
        client.beganAt = .now
        if state.fleet.environments[id]?.invocations == 1 { client.initDuration = state.hosts[id]?.initDuration }
        var effects: [Effect] = [.observe(.started(id, invocation))]
        state.tails[invocation]?.append("START RequestId: \(invocation) Version: $LATEST")
        if let poll {
            if let continuation = state.polls.removeValue(forKey: poll) {
                effects.append(.deliver(continuation, delivery(of: client.invocation)))
            }
        } else if let continuation = client.continuation.take(), let port = state.hosts[id]?.port {
            effects.append(.tell(continuation, .upstream(id, port: port)))
        }
        state.clients[invocation] = client
        return effects
    }

    /// What the environment is told about an invocation.
    func delivery(of invocation: Invocation) -> Delivery {
        let now = Date().timeIntervalSince1970 * 1000
        return Delivery(
            invocation: invocation,
            deadline: Int64(now) + Int64(options.limits.timeout / .milliseconds(1)),
            arn: options.identity.arn(qualifier: invocation.qualifier)
        )
    }

    private func extensionEvent(for invocation: InvocationID, in state: State) -> [UInt8] {
        guard let client = state.clients[invocation] else { return Array("{}".utf8) }
        let delivery = delivery(of: client.invocation)
        var json = JSONText()
        json.object {
            $0.field("eventType", "INVOKE")
            $0.field("deadlineMs", Int(delivery.deadline))
            $0.field("requestId", invocation.rawValue)
            $0.field("invokedFunctionArn", delivery.arn)
        }
        return json.bytes
    }

    private func fail(
        _ invocation: InvocationID,
        _ failure: FunctionFailure,
        _ id: EnvironmentID?,
        _ state: inout State
    ) -> [Effect] {
        guard var client = state.clients[invocation] else { return [] }
        client.failure = failure
        var effects: [Effect] = []
        if let continuation = client.continuation.take() {
            if case .exitedInInit = failure, let id, let error = state.hosts[id]?.initError {
                effects.append(.tell(continuation, .error(body: error.body, type: error.type)))
            } else {
                effects.append(.tell(continuation, .failure(failure)))
            }
        }
        if let pipe = client.pipe { effects.append(.breakOff(pipe, failure, invocation)) }
        if let id { effects.append(.observe(.notice(id, failure.message(for: invocation)))) }
        // One that never began is not settled either.
        state.clients[invocation] = client.beganAt == nil ? nil : client
        return effects
    }

    // MARK: Without the lock

    func carryOut(_ effect: Effect) {
        switch effect {
        case .start(let id):
            options.observe(.environment(id, .starting))
            start(id)
        case .tell(let continuation, let result): continuation.resume(returning: result)
        case .deliver(let continuation, let delivery): continuation.resume(returning: delivery)
        case .notify(let continuation, let event): continuation.resume(returning: event)
        case .breakOff(let pipe, let failure, let invocation):
            pipe.finish(throwing: StreamFailure(type: failure.errorType, body: failure.body(for: invocation)))
        case .report(let id, let client, let group): report(id, client, group)
        case .observe(let event): options.observe(event)
        }
    }

    private func report(_ id: EnvironmentID, _ client: Client, _ group: ProcessGroup?) {
        let report = InvocationReport(
            invocation: client.invocation.id,
            duration: Moment.now - (client.beganAt ?? .now),
            memorySize: options.identity.memory,
            maxMemory: options.reportsMemory ? group.flatMap { ProcessMemory.of($0.leader)?.peak } : nil,
            initDuration: client.initDuration,
            failure: client.failure
        )
        options.observe(.reported(id, report))
        guard client.invocation.wantsTail else { return }
        state.withLock { state in
            state.tails[client.invocation.id]?.append("END RequestId: \(client.invocation.id)")
            state.tails[client.invocation.id]?.append(report.line)
        }
    }
}
