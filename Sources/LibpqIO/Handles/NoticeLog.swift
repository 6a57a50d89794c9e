internal import CLibpq
internal import Synchronization

/// Keeps what a server says outside of an answer.
///
/// A server that ends an idle connection says why (57P01, 57P05, a pooler's `client_idle_timeout`) and libpq treats
/// that as a notice, because no statement is waiting for it. By the time the next statement fails the reason is lost,
/// unless somebody kept it.
final class NoticeLog: Sendable {
    private let lastFatal = Mutex<ServerMessage?>(nil)
    private let lastOther = Mutex<ServerMessage?>(nil)
    private let others = Atomic<Int>(0)

    /// Why the server ended the connection, when it said so.
    var farewell: ServerMessage? { lastFatal.withLock { $0 } }

    /// What it said last that was no farewell.
    var lastNotice: ServerMessage? { lastOther.withLock { $0 } }

    /// How many notices there were that were no farewell.
    var count: Int { others.load(ordering: .relaxed) }

    /// Listens to a connection.
    ///
    /// The log must live as long as the connection.
    ///
    /// The corresponding libpq function is `PQsetNoticeReceiver`.
    func listen(to connection: OpaquePointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context = unsafe context,
                    let message = unsafe PGResultHandle.serverMessage(ofNotice: result)
                else { return }
                let log = unsafe Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue()
                if message.isFatal {
                    log.lastFatal.withLock { $0 = message }
                } else {
                    log.lastOther.withLock { $0 = message }
                    log.others.add(1, ordering: .relaxed)
                }
            },
            context
        )
    }
}
