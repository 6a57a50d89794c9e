internal import CLibpq
package import Moments
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What can be done to a connection while somebody else uses it: end it.
///
/// A connection has one owner, and nobody else may touch it; but a process that is about to end, or to be frozen, cannot
/// wait for an owner who has forgotten it. The descriptor is known here only while the connection is open, so it cannot be that
/// of another.
package final class Lifeline: Sendable {
    private struct Line: Sendable {
        var descriptor: Int32
        let cancel: PGCancelHandle?
    }

    private let line = Mutex<Line?>(nil)

    init() {}

    func attach(_ descriptor: Int32, _ cancel: PGCancelHandle?) {
        line.withLock { $0 = Line(descriptor: descriptor, cancel: cancel) }
    }

    /// To be called before the descriptor is closed.
    func detach() {
        line.withLock { $0 = nil }
    }

    /// Cuts the connection: the server rolls back, and whoever uses the connection finds it lost.
    package func cut() {
        line.withLock { line in
            guard let line else { return }
            _ = shutdown(line.descriptor, shutdownBothWays)
        }
    }

    /// Asks the server to give up the statement that runs on the connection, if one does.
    package func cancelStatement(until deadline: Moment) async {
        guard let cancel = line.withLock({ $0?.cancel }) else { return }
        _ = await SocketWaiter.shared.callOnOwnThread(until: deadline, isCancellable: false) { cancel.request() }
    }
}

private let shutdownBothWays = Int32(SHUT_RDWR)
