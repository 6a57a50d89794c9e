internal import NIOHTTP1

/// The one address where clients find the function: the Invoke API, the function URL, and the way to control it.
package struct Front: Sendable {
    let platform: FunctionPlatform
    private let listener: HTTPListener
    private let control: ControlAPI
    private let background = AsyncStream.makeStream(of: Invocation.self)

    /// Begins to listen.
    ///
    /// `faults` does what only the owner of the database can; without it the answer is that there is no such thing.
    /// `connections` counts what is open to the database; `dashboard` is shown to people.
    ///
    /// - Throws: `LocalFunctionsError` when the address is taken.
    package static func open(
        _ platform: FunctionPlatform,
        host: String,
        port: Int,
        faults: FaultHandler? = nil,
        connections: ConnectionCounter? = nil,
        dashboard: Dashboard? = nil
    ) async throws -> Front {
        let listener = try await HTTPListener.bind(host: host, port: port)
        let control = ControlAPI(
            platform: platform,
            faults: faults,
            connections: connections,
            dashboard: dashboard
        )
        return Front(platform: platform, listener: listener, control: control)
    }

    private init(platform: FunctionPlatform, listener: HTTPListener, control: ControlAPI) {
        self.platform = platform
        self.listener = listener
        self.control = control
    }

    package var port: Int { listener.port }

    /// The address as a URL.
    package var url: String {
        listener.host.contains(":") ? "http://[\(listener.host)]:\(port)" : "http://\(listener.host):\(port)"
    }

    /// Serves until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await listener.run { call in try await respond(&call) } }
            group.addTask {
                await withDiscardingTaskGroup { invocations in
                    for await invocation in background.stream {
                        // Whoever asked was told at once; so it may wait for room as long as it takes.
                        invocations.addTask { await runInBackground(invocation) }
                    }
                }
            }
        }
    }

    /// An event that fails is tried again under the same identifier, after a pause that grows.
    private func runInBackground(_ invocation: Invocation) async {
        let options = platform.options
        for attempt in 0...options.eventRetries {
            if attempt > 0 {
                do { try await Task.sleep(for: options.eventRetryPause * attempt) } catch { return }
                await platform.awaitSettled(invocation.id, for: .seconds(1))
            }
            let result = await platform.invoke(invocation, patience: .seconds(6 * 3600))
            // There was no room for as long as an event is kept.
            if case .rejected = result { return }
            let outcome = await InvokeOutcome(result, of: invocation, platform)
            guard let error = outcome.errorType else { return }
            let left = options.eventRetries - attempt
            let sequel = left > 0 ? "it is tried again in \(options.eventRetryPause * (attempt + 1))" : "it is dropped"
            options.observe(.notice(nil, "RequestId: \(invocation.id) the event failed (\(error)), \(sequel)"))
        }
    }

    /// Answers one request.
    private func respond(_ call: inout HTTPCall) async throws {
        let path = call.path
        if path.hasPrefix(ControlAPI.base) { return try await control.respond(&call) }
        if let request = InvokeRequest(path: path, query: call.query) {
            return try await InvokeAPI(platform: platform, background: background.continuation)
                .respond(request, &call)
        }
        try await FunctionURL(platform: platform).respond(&call)
    }
}
