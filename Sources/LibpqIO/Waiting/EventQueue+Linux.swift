#if os(Linux)
internal import CLibpq
internal import CSwiftRuntime
#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The kernel's queue of ready descriptors: epoll.
struct EventQueue: Sendable {
    private let epoll: Int32
    private let wakeUp: Int32

    /// The token of the descriptor that only wakes the thread up.
    private static let nudgeToken: UInt64 = 0
    /// The token of what the main actor has to do.
    static let mainQueueToken = UInt64.max

    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(epoll >= 0 && wakeUp >= 0, "the process has no file descriptor left for its event queue")
        watch(wakeUp, Self.nudgeToken)
    }

    /// Asks to be told whenever a descriptor can be read.
    private func watch(_ descriptor: Int32, _ token: UInt64) {
        var event = unsafe epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: token))
        _ = unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    /// Asks to be told whenever the main actor has something to do.
    func watchMainQueue() { watch(main_queue_descriptor(), Self.mainQueueToken) }

    /// Readable when `wait` would return at once.
    var descriptor: Int32 { epoll }

    /// Asks to be told once when the descriptor is ready.
    ///
    /// - Returns: `false` when the descriptor cannot be watched.
    func arm(_ descriptor: Int32, for interest: SocketInterest, token: UInt64) -> Bool {
        let readiness: UInt32 =
            switch interest {
            case .read: EPOLLIN.rawValue | EPOLLRDHUP.rawValue
            case .write: EPOLLOUT.rawValue
            case .readOrWrite: EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLOUT.rawValue
            }
        var event = unsafe epoll_event(events: readiness | EPOLLONESHOT.rawValue, data: epoll_data_t(u64: token))
        // A connection waits many times on one descriptor: it is known already, but for the first time.
        if unsafe epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0 { return true }
        return unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    /// Makes a `wait` return early.
    func nudge() {
        _ = eventfd_write(wakeUp, 1)
    }

    /// Waits for ready descriptors, no longer than `limit` (for ever when it is `nil`).
    ///
    /// - Returns: the tokens of the ready descriptors.
    func wait(for limit: Duration?) -> [UInt64] {
        let capacity = 64
        return unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: capacity) { ready in
            // There always is one; newer C libraries say that they want it.
            guard let events = ready.baseAddress else { return [] }
            let count = unsafe epoll_wait(epoll, events, Int32(capacity), milliseconds(limit))
            var tokens: [UInt64] = []
            for index in 0..<max(0, Int(count)) {
                let token = unsafe ready[index].data.u64
                if token == Self.nudgeToken || token == Self.mainQueueToken {
                    var ignored: eventfd_t = 0
                    _ = unsafe eventfd_read(token == Self.nudgeToken ? wakeUp : main_queue_descriptor(), &ignored)
                }
                if token != Self.nudgeToken { tokens.append(token) }
            }
            return tokens
        }
    }
}
#endif
