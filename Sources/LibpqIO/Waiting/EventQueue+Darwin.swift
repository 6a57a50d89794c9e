#if canImport(Darwin)
internal import Darwin

/// The kernel's queue of ready descriptors: kqueue.
struct EventQueue: Sendable {
    private let queue: Int32

    /// The token of what the main actor has to do: none.
    static let mainQueueToken: UInt64 = 0

    /// Nothing of it can be watched.
    func watchMainQueue() {}

    init() {
        queue = kqueue()
        precondition(queue >= 0, "the process has no file descriptor left for its event queue")
        var event = unsafe kevent(
            ident: 0,
            filter: Int16(EVFILT_USER),
            flags: UInt16(EV_ADD | EV_CLEAR),
            fflags: 0,
            data: 0,
            udata: nil
        )
        _ = unsafe Darwin.kevent(queue, &event, 1, nil, 0, nil)
    }

    /// Readable when `wait` would return at once.
    var descriptor: Int32 { queue }

    /// Asks to be told once when the descriptor is ready.
    ///
    /// - Returns: `false` when the descriptor cannot be watched.
    func arm(_ descriptor: Int32, for interest: SocketInterest, token: UInt64) -> Bool {
        let filters: [Int32] =
            switch interest {
            case .read: [EVFILT_READ]
            case .write: [EVFILT_WRITE]
            case .readOrWrite: [EVFILT_READ, EVFILT_WRITE]
            }
        return filters.allSatisfy { filter in
            var event = unsafe kevent(
                ident: UInt(descriptor),
                filter: Int16(filter),
                flags: UInt16(EV_ADD | EV_ONESHOT),
                fflags: 0,
                data: 0,
                udata: UnsafeMutableRawPointer(bitPattern: UInt(token))
            )
            return unsafe Darwin.kevent(queue, &event, 1, nil, 0, nil) == 0
        }
    }

    /// Makes a `wait` return early.
    func nudge() {
        var event = unsafe kevent(
            ident: 0,
            filter: Int16(EVFILT_USER),
            flags: 0,
            fflags: UInt32(NOTE_TRIGGER),
            data: 0,
            udata: nil
        )
        _ = unsafe Darwin.kevent(queue, &event, 1, nil, 0, nil)
    }

    /// Waits for ready descriptors, no longer than `limit` (for ever when it is `nil`).
    ///
    /// - Returns: the tokens of the ready descriptors.
    func wait(for limit: Duration?) -> [UInt64] {
        let capacity = 64
        let wait = milliseconds(limit)
        var timeout = timespec(tv_sec: Int(wait / 1000), tv_nsec: Int(wait % 1000) * 1_000_000)
        return unsafe withUnsafeTemporaryAllocation(of: kevent.self, capacity: capacity) { ready in
            let count =
                if wait < 0 {
                    unsafe Darwin.kevent(queue, nil, 0, ready.baseAddress, Int32(capacity), nil)
                } else {
                    unsafe Darwin.kevent(queue, nil, 0, ready.baseAddress, Int32(capacity), &timeout)
                }
            return (0..<max(0, Int(count))).compactMap { index in
                unsafe ready[index].udata.map { unsafe UInt64(UInt(bitPattern: $0)) }
            }
        }
    }
}
#endif
