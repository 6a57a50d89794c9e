import NIOCore
import Synchronization

/// The open connections, so that they can be told of the end.
final class ConnectionTable: Sendable {
    private struct Content {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
    }

    private let content = Mutex(Content())

    /// Adds a connection until it closes; one that comes too late is told of the end at once.
    func add(_ channel: any Channel) {
        let isDraining = content.withLock { content in
            content.channels[ObjectIdentifier(channel)] = channel
            return content.isDraining
        }
        channel.closeFuture.whenComplete { _ in
            self.content.withLock { _ = $0.channels.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        if isDraining { channel.pipeline.fireUserInboundEventTriggered(ConnectionEvent.drain) }
    }

    /// Tells every connection to finish what it has begun, and to close.
    func drain() {
        let channels = content.withLock { content in
            content.isDraining = true
            return Array(content.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ConnectionEvent.drain) }
    }

    /// Closes what is still open.
    func closeAll() {
        for channel in content.withLock({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
