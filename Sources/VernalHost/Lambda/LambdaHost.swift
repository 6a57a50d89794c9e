package import InvocationLifecycle
import Logging
import Synchronization

/// The Lambda mode of the host: starts, polls, and ends when it is told to or when the environment is lost.
package final class LambdaHost: Sendable {
    private let options: HostOptions
    private let platform: LambdaPlatform
    private let program: FunctionProgram
    private let participants: Participants
    private let sequence: InvocationSequence
    private let channels = ChannelGate()
    private let drainRequests = AsyncStream.makeStream(of: Duration.self)
    private let killedAt = Mutex<ContinuousClock.Instant?>(nil)

    /// How long after SIGTERM everything is over: the service kills after 500 ms, and after 300 ms when the function
    /// has an external extension, too.
    package static let stopAllowance = Duration.milliseconds(250)
    /// What invocations in flight get of it, before they are cancelled, and then to take note of that.
    private static let inFlightAllowance = (finish: Duration.milliseconds(100), stop: Duration.milliseconds(50))
    /// The service begins anew after 10 s of init, and then nobody learns why.
    private static let startLimit = Duration.seconds(9)
    /// What preparing for a freeze may cost: the invocation is not over for its caller until it is done.
    private static let freezeLimit = Duration.milliseconds(50)

    /// Prepares a host; it begins to work when it is run.
    ///
    /// - Parameters:
    ///   - options: The options.
    ///   - platform: The runtime API and how often to ask it at the same time.
    ///   - registry: Who wants to hear about the life of the process.
    ///   - program: What the function does.
    package init(
        _ options: HostOptions,
        platform: LambdaPlatform,
        registry: ParticipantRegistry = .shared,
        program: FunctionProgram
    ) {
        self.options = options
        self.platform = platform
        self.program = program
        participants = Participants(registry: registry, logger: options.logger)
        sequence = InvocationSequence(
            participants: participants,
            rest: platform.isManaged ? .keepsRunning : .mayFreeze(within: Self.freezeLimit),
            logger: options.logger
        )
    }

    /// How many invocations are in flight.
    package var inFlight: Int { sequence.withState { $0.inFlight } }

    /// Begins the orderly end: nothing new is asked for, and what is in flight gets a moment.
    package func beginDrain() {
        killedAt.withLock { $0 = $0 ?? ContinuousClock.now.advanced(by: Self.stopAllowance) }
        beginDrain(grace: Self.inFlightAllowance.finish)
    }

    private func beginDrain(grace: Duration) {
        guard sequence.withState({ $0.drainRequested() }) else { return }
        options.logger.info("stopping", metadata: ["in-flight": "\(inFlight)"])
        drainRequests.continuation.yield(grace)
        drainRequests.continuation.finish()
    }

    /// Something that ran beside the others has ended.
    private enum End: Sendable {
        /// A poller, with the reason when it was not told to.
        case poller(HostError?)
        /// The wait for the end of the process.
        case shutdownExtension
        /// The time for what is in flight.
        case grace
    }

    /// Runs the host until it has drained.
    ///
    /// Cancelling the task ends it without a grace period.
    ///
    /// - Throws: `HostError` when a participant cannot start or the runtime API fails; the process has to end then.
    package func run() async throws {
        let shutdown = ShutdownExtension(client: client(), logger: options.logger)
        let extensionID = try await shutdown.register()
        let first = client()
        try await start(first)
        let failure = await withTaskGroup(of: End.self) { group in
            if let extensionID {
                group.addTask {
                    await shutdown.wait(as: extensionID)
                    return .shutdownExtension
                }
            }
            for index in 0..<platform.concurrency {
                let poller = poller(index == 0 ? first : client())
                group.addTask {
                    do throws(HostError) {
                        try await poller.run()
                        return .poller(nil)
                    } catch {
                        return .poller(error)
                    }
                }
            }
            group.addTask { await self.awaitEnd() }
            let failure = await awaitPollers(&group)
            group.cancelAll()
            await stop()
            return failure
        }
        if let failure { throw failure }
    }

    /// Starts the participants; when one cannot, the platform is told why before the process ends.
    private func start(_ client: RuntimeClient) async throws {
        do {
            try await participants.willStart(within: Self.startLimit)
        } catch {
            let failure = LambdaFailure(type: "Runtime.InitFailed", message: error.description)
            _ = try? await client.exchange(.initError(failure))  // The error itself says more than that this failed.
            throw error
        }
    }

    /// Waits until all pollers have ended or their time is over; tells why, when it was not asked for.
    private func awaitPollers(_ group: inout TaskGroup<End>) async -> HostError? {
        var running = platform.concurrency
        var failure: HostError?
        while running > 0, let end = await group.next() {
            switch end {
            case .shutdownExtension: break
            case .grace: return failure
            case .poller(let error):
                running -= 1
                guard let error else { break }
                failure = failure ?? error
                // The others may still answer what they have: nobody has set a time.
                beginDrain(grace: options.gracePeriod)
            }
        }
        return failure
    }

    /// Waits for the request to end, ends the waiting for invocations, and returns when the grace is over.
    private func awaitEnd() async -> End {
        for await grace in drainRequests.stream {
            channels.close()
            try? await Task.sleep(for: grace, clock: .continuous)
        }
        channels.close()  // Cancelled: nobody has asked for the end.
        return .grace
    }

    private func stop() async {
        sequence.withState { $0.graceEnded() }
        let limit = ContinuousClock.now.advanced(by: Self.inFlightAllowance.stop)
        while inFlight > 0, ContinuousClock.now < limit {
            do { try await Task.sleep(for: .milliseconds(5), clock: .continuous) } catch { break }
        }
        let end = killedAt.withLock { $0 } ?? ContinuousClock.now.advanced(by: Self.stopAllowance)
        await participants.willStop(by: end)
        channels.closeAll()
        options.logger.info("stopped", metadata: ["in-flight": "\(inFlight)"])
    }

    private func client() -> RuntimeClient {
        RuntimeClient(platform.endpoint, channels, logger: options.logger)
    }

    private func poller(_ client: RuntimeClient) -> LambdaPoller {
        LambdaPoller(platform: platform, program: program, options: options, sequence: sequence, client: client)
    }
}
