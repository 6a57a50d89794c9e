import Foundation
internal import Moments
internal import NIOCore
internal import NIOPosix
internal import Synchronization

extension FunctionPlatform {
    /// One environment from its process's start to its end.
    func runEnvironment(_ id: EnvironmentID) async {
        let end: ProcessEnd
        do {
            end = try await runProcess(id)
        } catch {
            act { state in state.fleet.startFailed(id, "\(error)") }
            forget(id)
            return
        }
        // What the process started ends with it.
        state.withLock { $0.hosts[id]?.group }?.kill9()
        options.observe(.environment(id, .gone))
        act { state in state.fleet.processExited(id, end, at: .now) }
        forget(id)
    }

    private func forget(_ id: EnvironmentID) {
        let host = state.withLock { $0.hosts.removeValue(forKey: id) }
        for continuation in host?.extensionWaits.values.map({ $0 }) ?? [] { continuation.resume(returning: nil) }
        if let group = host?.group { groupGuard.forget(group) }
    }

    private func runProcess(_ id: EnvironmentID) async throws -> ProcessEnd {
        var variables = options.variables(id)
        let relay = try await openRelay(&variables)
        state.withLock { $0.hosts[id]?.relay = relay }
        switch options.mode {
        case .lambda:
            let listener = try await HTTPListener.bind(host: "127.0.0.1", port: 0)
            let own = options.identity.variables(
                runtimeAPI: "127.0.0.1:\(listener.port)",
                program: options.program,
                id: id
            )
            variables.merge(own) { _, platform in platform }
            let api = RuntimeAPI(platform: self, environment: id)
            return try await run(id, variables, relay) { await listener.run { call in try await api.respond(&call) } }
        case .http:
            let port = try await Self.freePort()
            variables["PORT"] = "\(port)"
            state.withLock { $0.hosts[id]?.port = port }
            return try await run(id, variables, relay) { await self.awaitListening(id, port: port) }
        }
    }

    private func run(
        _ id: EnvironmentID,
        _ variables: [String: String],
        _ relay: DatabaseRelay?,
        beside companion: @escaping @Sendable () async -> Void
    ) async throws -> ProcessEnd {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await companion() }
            if let relay { group.addTask { await relay.run() } }
            defer { group.cancelAll() }
            let began = Moment.now
            return try await FunctionProcess.run(
                options.program,
                variables: variables,
                started: { self.processStarted(id, $0, began) },
                wrote: { line in self.wrote(id, line) }
            )
        }
    }

    private func processStarted(_ id: EnvironmentID, _ group: ProcessGroup, _ began: Moment) {
        groupGuard.watch(group)
        act { state in
            state.hosts[id]?.group = group
            state.hosts[id]?.spawnDuration = Moment.now - began
            // It may have been told to end before it was there.
            if state.fleet.environments[id]?.phase == .stopping { group.kill9() }
            // And a quick one may be done with its first invocation already.
            if state.fleet.environments[id]?.phase == .frozen { group.freeze() }
            state.fleet.processStarted(id, at: .now)
            return []
        }
        options.observe(.environment(id, .initialising))
    }

    private func wrote(_ id: EnvironmentID, _ line: String) {
        options.observe(.line(id, line))
        state.withLock { state in
            guard !state.tails.isEmpty else { return }
            for flight in state.fleet.environments[id]?.flights ?? [] {
                state.tails[flight.invocation]?.append(line)
            }
        }
    }

    // MARK: HTTP

    /// A port that was free a moment ago.
    private static func freePort() async throws -> Int {
        let probe = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = probe.localAddress?.port ?? 0
        try await probe.close()
        return port
    }

    /// Knocks until somebody opens, as container platforms do.
    private func awaitListening(_ id: EnvironmentID, port: Int) async {
        while !Task.isCancelled {
            if let channel = try? await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: port).get()
            {
                try? await channel.close().get()
                noteInit(id)
                return act { state in state.fleet.processListens(id, at: .now) }
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Takes down how long the start took, the first time that it is over.
    func noteInit(_ id: EnvironmentID) {
        state.withLock { state in
            guard let host = state.hosts[id], host.initDuration == nil else { return }
            state.hosts[id]?.initDuration = Moment.now - host.startedAt
        }
    }

    /// The function answered an invocation that it got over HTTP.
    package func upstreamAnswered(_ id: EnvironmentID, _ invocation: InvocationID) {
        act { state in
            _ = state.fleet.answerBegan(id, invocation)
            return state.fleet.answerEnded(id, invocation, at: .now)
        }
    }
}
