internal import Moments
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// One thread that watches sockets and deadlines for every suspended task of the process.
///
/// The thread starts with the first task that has to sleep: a process whose queries are answered while the caller waits
/// in place never has it. Arming a socket needs no wake-up of the thread; only a deadline that is nearer than
/// all others does.
final class Poller: Sendable {
    private struct Entry {
        let parking: Parking
        let deadline: Moment?
    }

    private struct Registry {
        var entries: [UInt64: Entry] = [:]
        var lastToken: UInt64 = 0
        /// When the thread will look at the deadlines again; `nil` when it sleeps until something happens.
        var nextLook: Moment?
        var isRunning = false
    }

    private let registry = Mutex(Registry())
    private let events: EventQueue

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
        let token = register(Entry(parking: parking, deadline: deadline))
        if let socket, !events.arm(socket.descriptor, for: socket.interest, token: token) {
            // The descriptor cannot be watched, which can only mean that it is closed: the next read will tell.
            parking.wake(.ready)
        }
        let reason = await parking.sleep(isCancellable: isCancellable)
        registry.withLock { _ = $0.entries.removeValue(forKey: token) }
        return reason
    }

    private func register(_ entry: Entry) -> UInt64 {
        let (token, mustStart, mustNudge) = registry.withLock { registry in
            registry.lastToken += 1
            registry.entries[registry.lastToken] = entry
            let mustStart = !registry.isRunning
            registry.isRunning = true
            var mustNudge = false
            if let deadline = entry.deadline, registry.nextLook.map({ deadline < $0 }) ?? true {
                registry.nextLook = deadline
                mustNudge = !mustStart
            }
            return (registry.lastToken, mustStart, mustNudge)
        }
        if mustStart, !startThread({ [self] in run() }) {
            // No thread to be had now: those who would sleep look at their sockets themselves until there is one.
            let sleepers = registry.withLock { registry in
                registry.isRunning = false
                return registry.entries.values.map(\.parking)
            }
            for sleeper in sleepers { sleeper.wake(.ready) }
        }
        if mustNudge { events.nudge() }
        return token
    }

    private func run() {
        while true {
            let ready = events.wait(for: registry.withLock(\.nextLook).map { $0 - .now })
            let now = Moment.now
            let due: [(Parking, WakeReason)] = registry.withLock { registry in
                var due = ready.compactMap { token in
                    registry.entries.removeValue(forKey: token).map { ($0.parking, WakeReason.ready) }
                }
                if let nextLook = registry.nextLook, nextLook <= now {
                    var nearest: Moment?
                    for (token, entry) in registry.entries {
                        guard let deadline = entry.deadline else { continue }
                        if deadline <= now {
                            due.append((entry.parking, .timedOut))
                            registry.entries.removeValue(forKey: token)
                        } else if nearest.map({ deadline < $0 }) ?? true {
                            nearest = deadline
                        }
                    }
                    registry.nextLook = nearest
                }
                return due
            }
            for (parking, reason) in due { parking.wake(reason) }
        }
    }
}
