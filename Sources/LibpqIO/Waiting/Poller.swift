internal import Moments
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One thread that watches sockets and deadlines for every suspended task of the process, and runs the tasks that prefer it.
///
/// The thread starts with the first task that has to sleep: a process whose queries are answered while the caller waits
/// in place never has it. Arming a socket needs no wake-up of the thread; only a deadline that is nearer than
/// all others does.
final class Poller: Sendable {
    struct Entry: Sendable {
        let parking: Parking
        let deadline: Moment?
        let watchesSocket: Bool
    }

    struct Registry: ~Copyable {
        var sleepers = SleeperTable()
        /// When the thread will look at the deadlines again; `nil` when it sleeps until something happens.
        var nextLook: Moment?
        var isRunning = false
        /// What the tasks that prefer this thread have to do, first come first served.
        var jobs = UniqueArray<UnownedJob>()
        /// Whether the thread sleeps, so that a new job has to wake it.
        var isAsleep = false

        /// Whether the thread has to be started; it counts as running from then on.
        mutating func mustStart() -> Bool {
            defer { isRunning = true }
            return !isRunning
        }
    }

    let registry = Mutex(Registry())
    let events: EventQueue
    /// The thread, as `currentThread` names it; 0 before it runs.
    let thread = Atomic<UInt>(0)

    init() {
        events = EventQueue()
    }

    /// Sleeps until somebody wakes `parking`, the socket is ready, the deadline passes or the task is cancelled.
    func sleep(
        at parking: Parking,
        for socket: (descriptor: Int32, interest: SocketInterest)? = nil,
        until deadline: Moment?,
        isCancellable: Bool
    ) async -> WakeReason {
        guard socket != nil || deadline != nil else { return await parking.sleep(isCancellable: isCancellable) }
        let token = register(Entry(parking: parking, deadline: deadline, watchesSocket: socket != nil))
        if let socket, !events.arm(socket.descriptor, for: socket.interest, token: token) {
            // The descriptor cannot be watched, which can only mean that it is closed: the next read will tell.
            parking.wake(.ready)
        }
        let reason = await parking.sleep(isCancellable: isCancellable)
        registry.withLock { _ = $0.sleepers.remove(token) }
        return reason
    }

    private func register(_ entry: Entry) -> UInt64 {
        let (token, mustStart, mustNudge) = registry.withLock { registry in
            let token = registry.sleepers.insert(entry)
            let mustStart = registry.mustStart()
            var mustNudge = false
            if let deadline = entry.deadline, registry.nextLook.map({ deadline < $0 }) ?? true {
                registry.nextLook = deadline
                mustNudge = !mustStart && registry.isAsleep
            }
            return (token, mustStart, mustNudge)
        }
        if mustStart { start() }
        if mustNudge { events.nudge() }
        return token
    }
}
