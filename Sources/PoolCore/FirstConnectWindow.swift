/// By how much the first connects of a fleet that starts together are spread.
///
/// A process that starts knows nothing of the others. Spreading helps only where the server cannot take all of the fleet
/// within the deadline of a caller: who waits in the server's queue is served as soon as there is room, and who waits
/// at home is not. So the window is what the queue would take beyond the deadline, and nothing in all other cases.
package enum FirstConnectWindow {
    /// The window that a fleet needs: max(0, N / C - deadline).
    ///
    /// - Parameters:
    ///   - fleet: how many processes may start together.
    ///   - rate: how many connects a second the server takes, more than 0.
    ///   - deadline: how long a caller waits for its connection.
    /// - Returns: the window, at most a day.
    package static func needed(fleet: Int, rate: Double, deadline: Duration) -> Duration {
        guard fleet > 1, rate > 0 else { return .zero }
        return max(.zero, .seconds(min(Double(fleet) / rate, 86_400)) - deadline)
    }

    /// For how long one process waits before its first connect.
    ///
    /// - Parameters:
    ///   - window: the window.
    ///   - time: how long the caller waits for its connection; half of it is left for the connect.
    ///   - jitter: a random number from 0 up to 1.
    /// - Returns: the time to wait.
    package static func delay(window: Duration, within time: Duration, jitter: Double) -> Duration {
        max(.zero, min(window, time / 2)) * jitter
    }
}
