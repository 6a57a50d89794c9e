import Dispatch
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Turns SIGTERM and SIGINT into an orderly end, and a second one into an end at once.
final class TerminationSignals {
    private let sources: [any DispatchSourceSignal]
    private let progress = Progress()
    private let registrations = AsyncStream.makeStream(of: Void.self)

    /// Begins to listen for the signals.
    ///
    /// - Parameters:
    ///   - hardLimit: How long after the first signal the process is ended whatever it does.
    ///   - onFirst: Called at the first signal, on a thread of its own.
    init(hardLimit: Duration, onFirst: @escaping @Sendable () -> Void) {
        let milliseconds = Int(min(hardLimit, .seconds(86400)) / .milliseconds(1))
        let queue = DispatchQueue(label: "vernal.host.signals")
        sources = [SIGTERM, SIGINT].map { [progress, registrations] signal in
            let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
            source.setEventHandler {
                // `_exit`, because what `exit` runs would run beside a function that is still at work.
                guard progress.isFirst() else { _exit(128 + signal) }
                onFirst()
                queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                    if !progress.isOver { _exit(1) }
                }
            }
            source.setRegistrationHandler { registrations.continuation.yield() }
            source.activate()
            return source
        }
    }

    /// Returns when the signals are heard: before that the first would end the process at once.
    func listen() async {
        var missing = sources.count
        for await _ in registrations.stream {
            missing -= 1
            if missing == 0 { return }
        }
    }

    /// Stops listening for the signals.
    func stop() {
        progress.end()
        sources.forEach { $0.cancel() }
    }

    /// How far the end has come.
    private final class Progress: Sendable {
        private let state = Mutex((hasBegun: false, isOver: false))

        var isOver: Bool { state.withLock { $0.isOver } }

        func isFirst() -> Bool {
            state.withLock { state in
                defer { state.hasBegun = true }
                return !state.hasBegun
            }
        }

        func end() {
            state.withLock { $0.isOver = true }
        }
    }
}
