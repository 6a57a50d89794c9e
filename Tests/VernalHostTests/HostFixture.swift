import HTTPTypes
import InvocationLifecycle
import Logging
import Synchronization
import VernalHost

/// A host that listens for a test.
struct RunningHost: Sendable {
    let host: HTTPHost
    let port: Int
    let log: RecordedLog

    /// Sends a request on a connection of its own and reads the first response.
    func ask(_ request: String) async throws -> RawResponse? {
        try await RawConnection.open(port) { connection in
            try await connection.send(request)
            return try await connection.response()
        }
    }

    /// Sends bytes on a connection of its own and reads everything until the host closes.
    func exchange(_ bytes: String) async throws -> String {
        try await RawConnection.open(port) { connection in
            try await connection.sendRaw(Array(bytes.utf8))
            return try await connection.rest()
        }
    }
}

/// Runs a host on a free port, calls the body, and drains the host.
func withHost<Result: Sendable>(
    _ change: (inout HostOptions) -> Void = { _ in },
    flavour: HTTPPlatform.Flavour = .plain,
    registry: ParticipantRegistry = ParticipantRegistry(),
    handler: @escaping FunctionHandler = { _, _ in .text("hello") },
    _ body: (RunningHost) async throws -> Result
) async throws -> Result {
    let log = RecordedLog()
    var options = HostOptions()
    options.logger = Logger(label: "test") { _ in log.handler }
    change(&options)
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    options.onListening = { listening.yield($0.port) }
    let host = HTTPHost(
        options,
        platform: HTTPPlatform(host: "127.0.0.1", port: 0, flavour: flavour),
        registry: registry,
        handler: handler
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { listening.finish() }
            try await host.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await group.waitForAll()
            throw HostEnded()
        }
        let result = try await body(RunningHost(host: host, port: port, log: log))
        host.beginDrain()
        try await group.waitForAll()
        return result
    }
}

/// The host ended before it listened, without an error.
struct HostEnded: Error {}

/// Something that happens once, and that others wait for.
final class Event: Sendable {
    private let stream = AsyncStream.makeStream(of: Void.self)

    private let flag = Mutex(false)

    var hasHappened: Bool { flag.withLock { $0 } }

    func happen() {
        flag.withLock { $0 = true }
        stream.continuation.finish()
    }

    /// Waits, by one task only; returns early when that is cancelled.
    func wait() async { for await _ in stream.stream {} }
}

/// A list that several tasks write.
final class Record<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func add(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
}

/// What was logged.
final class RecordedLog: Sendable {
    let lines = Record<String>()

    var handler: Handler { Handler(lines: lines) }

    struct Handler: LogHandler {
        let lines: Record<String>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let pairs = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            lines.add("\(event.level) \(event.message) \(pairs.joined(separator: " "))")
        }
    }
}
