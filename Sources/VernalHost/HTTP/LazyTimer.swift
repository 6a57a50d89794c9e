import NIOCore

/// A deadline that moves often and is reached seldom: moving it later costs nothing but an assignment.
///
/// The scheduled task is left alone when the deadline moves away; when it runs too early, it schedules itself again.
struct LazyTimer: ~Copyable {
    private var deadline: NIODeadline?
    private var scheduled: (task: Scheduled<Void>, time: NIODeadline)?

    /// Moves the deadline; `nil`: there is none.
    ///
    /// - Parameters:
    ///   - deadline: The new deadline.
    ///   - eventLoop: Where to schedule.
    ///   - fire: Has to call `isDue`.
    mutating func set(_ deadline: NIODeadline?, on eventLoop: any EventLoop, fire: @escaping () -> Void) {
        self.deadline = deadline
        guard let deadline else { return }
        if let scheduled {
            guard deadline < scheduled.time else { return }
            scheduled.task.cancel()
        }
        scheduled = (eventLoop.assumeIsolated().scheduleTask(deadline: deadline, fire), deadline)
    }

    /// Takes the deadline away and leaves what is scheduled for the next one.
    mutating func pause() {
        deadline = nil
    }

    /// Whether the deadline has passed; when it has not, the timer goes on.
    mutating func isDue(now: NIODeadline, on eventLoop: any EventLoop, fire: @escaping () -> Void) -> Bool {
        scheduled = nil
        guard let deadline else { return false }
        if now >= deadline {
            self.deadline = nil
            return true
        }
        set(deadline, on: eventLoop, fire: fire)
        return false
    }

    /// Ends the timer.
    mutating func cancel() {
        deadline = nil
        scheduled?.task.cancel()
        scheduled = nil
    }
}
