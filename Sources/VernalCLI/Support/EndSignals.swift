import Dispatch
import Foundation

/// The signals that ask us to end, as a sequence; from its creation on they no longer end the process by themselves.
final class EndSignals {
    let received: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        received = stream
        let queue = DispatchQueue(label: "vernal.signals")
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { continuation.yield(number) }
            source.activate()
            return source
        }
        // A client that goes away in the middle of an answer is no reason to end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Stops listening.
    func stop() {
        for source in sources { source.cancel() }
    }
}
