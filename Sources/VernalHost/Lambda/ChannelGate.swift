import NIOCore
import Synchronization

/// The open connections, so that waiting can be ended, and in the end all.
final class ChannelGate: Sendable {
    private struct Content {
        var open: [ObjectIdentifier: any Channel] = [:]
        var waiting: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let content = Mutex(Content())

    /// Whether waiting is over.
    var isClosed: Bool { content.withLock { $0.isClosed } }

    /// Adds a connection until it closes.
    func add(_ channel: any Channel) {
        content.withLock { $0.open[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { _ in
            self.content.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
        }
    }

    /// Takes note of a connection on which only waiting is done; `false` when waiting is over.
    func beginWaiting(on channel: any Channel) -> Bool {
        content.withLock { content in
            if !content.isClosed { content.waiting[ObjectIdentifier(channel)] = channel }
            return !content.isClosed
        }
    }

    /// The waiting has brought something.
    func endWaiting(on channel: any Channel) {
        content.withLock { _ = $0.waiting.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Ends all waiting, now and for ever.
    func close() {
        let waiting = content.withLock { content in
            content.isClosed = true
            return Array(content.waiting.values)
        }
        for channel in waiting { channel.close(promise: nil) }
    }

    /// Closes every connection.
    func closeAll() {
        for channel in content.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
    }
}
