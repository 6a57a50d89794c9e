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

    private func runInBackground(_ invocation: Invocation) async {
        switch await platform.invoke(invocation, patience: .seconds(6 * 3600)) {
        case .stream(let pipe, _): while (try? await pipe.read()) ?? nil != nil {}
        case .upstream(let environment, let port):
            _ = try? await HTTPRequester.connect(host: "127.0.0.1", port: port) { upstream in
                try await upstream.answer(.POST, "/", headers: ["Connection": "close"], body: invocation.event)
            }
            platform.upstreamAnswered(environment, invocation.id)
        case .answer, .error, .failure, .rejected: break
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
