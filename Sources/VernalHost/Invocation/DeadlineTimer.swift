import NIOCore
import NIOPosix
import Synchronization

/// Says when a deadline has passed, to any number of invocations with one timer that is rarely moved.
///
/// An invocation mostly ends long before its deadline, and a timer of its own would wake a thread to be started and
/// another time to be stopped. Here what is scheduled is left alone when a deadline goes away or a later one comes;
/// when it runs too early, it schedules itself again.
package final class DeadlineTimer: Sendable {
    private typealias Waiter = (deadline: ContinuousClock.Instant, continuation: CheckedContinuation<Bool, Never>)

    private struct Content {
        var waiters: [Int: Waiter] = [:]
        var lastID = 0
        /// The earliest time for which something is scheduled.
        var scheduled: ContinuousClock.Instant?
    }

    private let content = Mutex(Content())
    private let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()

    package init() {}

    /// Resumes the continuation with `true` when the deadline has passed, unless `finish` comes first.
    package func add(_ deadline: ContinuousClock.Instant, _ continuation: CheckedContinuation<Bool, Never>) -> Int {
        let (id, isEarliest) = content.withLock { content in
            content.lastID += 1
            content.waiters[content.lastID] = (deadline, continuation)
            let isEarliest = content.scheduled.map { deadline < $0 } ?? true
            if isEarliest { content.scheduled = deadline }
            return (content.lastID, isEarliest)
        }
        if isEarliest { schedule(deadline) }
        return id
    }

    /// Resumes the continuation with `false`, when the deadline has not.
    package func finish(_ id: Int) {
        let waiter = content.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.continuation.resume(returning: false)
    }

    private func schedule(_ deadline: ContinuousClock.Instant) {
        // At most a day: NIO traps on a time that is beyond its range.
        let time = min(max(.zero, ContinuousClock.now.duration(to: deadline)), .seconds(86400))
        eventLoop.scheduleTask(in: TimeAmount(time)) { self.fire(deadline) }
    }

    private func fire(_ scheduled: ContinuousClock.Instant) {
        let now = ContinuousClock.now
        let (due, next) = content.withLock { content in
            let due = content.waiters.filter { $0.value.deadline <= now }
            for id in due.keys { content.waiters[id] = nil }
            // Else an earlier deadline has come meanwhile, and its own turn takes care of what is left.
            let isCurrent = content.scheduled == scheduled
            if isCurrent { content.scheduled = content.waiters.values.map(\.deadline).min() }
            return (due.values.map(\.continuation), isCurrent ? content.scheduled : nil)
        }
        for continuation in due { continuation.resume(returning: true) }
        if let next { schedule(next) }
    }
}
