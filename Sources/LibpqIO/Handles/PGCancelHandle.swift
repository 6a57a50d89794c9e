internal import CLibpq

/// The owner of a `PGcancel`, which outlives its connection and may be used by another thread; so it is `Sendable`.
@safe
final class PGCancelHandle: @unchecked Sendable {
    private let cancel: OpaquePointer

    init(owning cancel: OpaquePointer) {
        unsafe self.cancel = cancel
    }

    deinit {
        unsafe PQfreeCancel(cancel)
    }

    /// Asks the server to give up what it is doing.
    ///
    /// Blocks: it makes a connection of its own.
    ///
    /// The corresponding libpq function is `PQcancel`.
    ///
    /// - Returns: whether the request was delivered, not whether it had an effect.
    func request() -> Bool {
        let capacity = 256
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { reason in
            unsafe PQcancel(cancel, reason.baseAddress, Int32(capacity)) == 1
        }
    }
}

/// The owner of a `PGcancelConn` (libpq 17 and later): a cancel that does not block.
///
/// Like a connection it has one owner, so it is `Sendable`.
@safe
struct PGPollableCancelHandle: ~Copyable, @unchecked Sendable {
    private let cancel: UnsafeMutableRawPointer

    init(owning cancel: UnsafeMutableRawPointer) {
        unsafe self.cancel = cancel
    }

    deinit {
        unsafe vernal_cancel_finish(cancel)
    }

    /// The corresponding libpq function is `PQcancelStart`.
    mutating func start() -> Bool { unsafe vernal_cancel_start(cancel) == 1 }

    /// The corresponding libpq function is `PQcancelPoll`.
    mutating func poll() -> ConnectPolling { unsafe ConnectPolling(vernal_cancel_poll(cancel)) }

    /// The corresponding libpq function is `PQcancelSocket`.
    var socket: Int32 { unsafe vernal_cancel_socket(cancel) }
}
