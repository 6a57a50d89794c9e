internal import Logging
internal import Synchronization

/// Hands what happens in an engine to those who want to know.
///
/// While nobody does, an event costs one load and is not even made. Nothing is handed over under the pool's lock.
final class EventHub: Sendable {
    private struct Listeners: Sendable {
        var last = 0
        // Not as a literal, of which a process would have to find out the type: nearly none has a listener.
        var streams = Dictionary<Int, AsyncStream<EngineEvent>.Continuation>()
    }

    /// How many events wait for a listener that is slow; then the oldest are dropped.
    static let backlog = 256

    let engine: String?
    private let onEvent: (@Sendable (EngineEvent) -> Void)?
    private let log: EngineLog
    #if Metrics
    private let metrics: EngineMetrics
    private let source = Mutex(StatusSource())

    /// In a struct, because a closure that is read out of a generic container is wrapped once more each time.
    private struct StatusSource: Sendable {
        var status: (@Sendable () -> EngineStatus)?
    }
    #endif
    private let listeners = Mutex(Listeners())
    private let hasStreams = Atomic<Bool>(false)

    init(engine: String?, _ hooks: EngineHooks) {
        self.engine = engine
        onEvent = hooks.onEvent
        log = EngineLog(hooks.logger)
        #if Metrics
        metrics = EngineMetrics(engine: engine)
        #endif
    }

    #if Metrics
    /// Says where the numbers of connections are to be had.
    func count(by status: @escaping @Sendable () -> EngineStatus) {
        source.withLock { $0.status = status }
    }
    #endif

    /// Whether anybody wants to know everything.
    var isObserved: Bool {
        #if Metrics
        return true
        #else
        return onEvent != nil || hasStreams.load(ordering: .relaxed)
        #endif
    }

    /// Tells of an event, if anybody wants to know of its kind.
    func emit(_ kind: EngineEvent.Kind, _ fill: (inout EngineEvent) -> Void = { _ in }) {
        guard isObserved || kind.isNoteworthy else { return }
        var event = EngineEvent(kind)
        event.engine = engine
        fill(&event)
        if kind.isNoteworthy { log.write(event) }
        #if Metrics
        if let status = source.withLock(\.status) { metrics.record(event, status()) }
        #endif
        onEvent?(event)
        guard hasStreams.load(ordering: .relaxed) else { return }
        let streams = listeners.withLock { Array($0.streams.values) }
        for stream in streams { stream.yield(event) }
    }

    /// Tells what was found out about the upstream.
    func tell(_ notice: UpstreamNotice) {
        let kind: EngineEvent.Kind =
            switch notice {
            case .verdict: .upstreamFound
            case .contradiction, .parameterDropped, .idleSessionsStay: .upstreamContradiction
            case .pin: .pinned
            }
        emit(kind) { $0.reason = notice.sentence }
    }

    /// Tells how it stands with the one who admits connects.
    func tell(_ notice: AdmissionGate.Notice) {
        switch notice {
        case .unanswered(let reason): emit(.admissionUnanswered) { $0.reason = reason }
        case .answersAgain: emit(.admissionAnswered)
        }
    }

    /// The events from now on.
    func stream() -> AsyncStream<EngineEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: EngineEvent.self,
            bufferingPolicy: .bufferingNewest(Self.backlog)
        )
        let number = listeners.withLock { listeners in
            listeners.last += 1
            listeners.streams[listeners.last] = continuation
            hasStreams.store(true, ordering: .relaxed)
            return listeners.last
        }
        continuation.onTermination = { [weak self] _ in self?.forget(number) }
        return stream
    }

    /// There will be no more events.
    func finish() {
        let streams = listeners.withLock { Array($0.streams.values) }
        for stream in streams { stream.finish() }
    }

    private func forget(_ number: Int) {
        listeners.withLock { listeners in
            listeners.streams[number] = nil
            hasStreams.store(!listeners.streams.isEmpty, ordering: .relaxed)
        }
    }
}
