import Foundation
internal import Moments
internal import Synchronization

/// Runs a function as a platform would: environments on demand, one process each, with deadlines and ends.
///
/// The decisions are `Fleet`'s. This holds who waits for them, and does what they say.
package final class FunctionPlatform: Sendable {
    package let options: FunctionPlatformOptions
    let state: Mutex<State>
    let groupGuard = GroupGuard()
    private let starts = AsyncStream.makeStream(of: EnvironmentID.self)

    /// Prepares a platform; nothing is started before the first invocation.
    package init(_ options: FunctionPlatformOptions) {
        self.options = options
        state = Mutex(State(fleet: Fleet(options.limits, isPolled: options.mode == .lambda)))
    }

    /// Runs until ``shutDown()``; then no process is left.
    ///
    /// Cancelling the task kills all processes at once.
    ///
    /// - Throws: what the system said when the guard of the processes could not be started.
    package func run() async throws {
        try await groupGuard.begin()
        await withTaskGroup(of: Void.self) { clock in
            clock.addTask { await self.watchTime() }
            await withDiscardingTaskGroup { environments in
                for await id in starts.stream {
                    environments.addTask { await self.runEnvironment(id) }
                }
            }
            clock.cancelAll()
        }
    }

    /// Ends all environments in the way that was chosen; ``run()`` returns when they are gone.
    package func shutDown() {
        act { state in
            state.isEnding = true
            return state.fleet.shutdownRequested(at: .now)
        }
        starts.continuation.finish()
    }

    func start(_ id: EnvironmentID) { starts.continuation.yield(id) }

    /// Looks at the clock fifty times a second: deadlines are seconds, and a look costs microseconds.
    private func watchTime() async {
        var looks = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
            act { state in state.fleet.timePassed(at: .now) }
            looks += 1
            if options.enforcesMemory, looks % 25 == 0 { checkMemory() }
        }
    }

    private func checkMemory() {
        let limit = options.identity.memory * 1_048_576
        let running = state.withLock { state in
            state.fleet.environments.values.filter { $0.phase == .running }.compactMap { environment in
                state.hosts[environment.id]?.group.map { (environment.id, $0) }
            }
        }
        for (id, group) in running {
            guard let memory = ProcessMemory.of(group.leader), memory.resident > limit else { continue }
            options.observe(
                .notice(id, "uses \(memory.resident / 1_048_576) MB, which is more than its \(limit / 1_048_576) MB")
            )
            act { state in state.fleet.memoryExceeded(id, at: .now) }
        }
    }

    // MARK: Invocations

    /// Invokes the function and waits for the result.
    ///
    /// When the task is cancelled before the function got the invocation, it never will; afterwards it goes on
    /// without anybody to tell. When all environments are busy it waits for `patience`; `nil` is the platform's own.
    package func invoke(_ invocation: Invocation, patience: Duration? = nil) async -> InvocationResult {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                apply { state in
                    guard !state.isEnding else { return .reply([.tell(continuation, .rejected)]) }
                    if invocation.wantsTail { state.tails[invocation.id] = LogTail() }
                    state.clients[invocation.id] = Client(invocation: invocation, continuation: continuation)
                    return .actions(
                        state.fleet.invocationArrived(
                            invocation.id,
                            patience: patience ?? options.patience,
                            at: .now
                        )
                    )
                }
                if Task.isCancelled { abandon(invocation.id) }
            }
        } onCancel: {
            abandon(invocation.id)
        }
    }

    private func abandon(_ invocation: InvocationID) {
        apply { state in
            guard let continuation = state.clients[invocation]?.continuation.take() else { return .actions([]) }
            if state.fleet.invocationAbandoned(invocation) {
                state.clients[invocation] = nil
                state.tails[invocation] = nil
            }
            return .reply([.tell(continuation, .rejected)])
        }
    }

    /// Waits until an invocation is over, also behind its answer; not for longer than that.
    func awaitSettled(_ invocation: InvocationID, for time: Duration) async {
        let limit = Moment.now + time
        while Moment.now < limit, state.withLock({ $0.clients[invocation] != nil }) {
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    /// The end of what the function wrote during an invocation, once that is over, also behind its answer.
    ///
    /// - Returns: at most 4 KiB, with the platform's own lines.
    package func logTail(of invocation: InvocationID) async -> [UInt8] {
        await awaitSettled(invocation, for: .seconds(1))
        // What was written before the environment came back may still be in the pipe.
        try? await Task.sleep(for: .milliseconds(10))
        return state.withLock { $0.tails.removeValue(forKey: invocation)?.end ?? [] }
    }
}

extension Moment {
    /// The current time.
    static var now: Moment { Moment(ContinuousClock.now) }
}
