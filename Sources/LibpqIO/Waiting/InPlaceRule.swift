/// When an answer is waited for in place, and when a task that does so lets the others go first; in nanoseconds.
///
/// A wait in place blocks a thread. That is cheaper than to hand the task to another thread and back, which costs some 20 µs of CPU; but it
/// must not be felt by others.
enum InPlaceRule {
    /// Answers that are quicker than this on the average are waited for on every thread.
    static let quick: Int64 = 300_000
    /// Answers that are quicker than this, such as those of a database in the next building, only where other threads go on meanwhile.
    static let near: Int64 = 1_000_000
    /// The longest wait in place.
    ///
    /// Longer than a scheduler tick: a shorter one makes the kernel program a timer each time.
    static let limit: Int64 = 5_000_000
    /// The shortest and the longest time after which the others have their turn.
    private static let interval: ClosedRange<Int64> = 1_000_000...5_000_000
    /// For so many answers one waits before it is their turn: giving way for each would cost what the wait saves.
    private static let answersInTurn: Int64 = 32
    /// So long a pause, in which nobody waited in place, is turn enough for the others.
    static let pause: Int64 = 5_000_000

    /// - Parameters:
    ///   - average: how long the answers of the connection have taken; 0 when there was none.
    ///   - sparesThread: whether others find a thread while this one is blocked.
    /// - Returns: whether the next answer is waited for in place.
    static func allowsWait(average: Int64, sparesThread: @autoclosure () -> Bool) -> Bool {
        average < quick || (average < near && sparesThread())
    }

    /// Whose turn it is.
    enum Turn {
        /// The waiter's own.
        case own
        /// The waiter's own, and a new time begins.
        case ownAnew
        /// That of the others.
        case others
    }

    /// - Parameters:
    ///   - time: now.
    ///   - last: when it was the others' turn last.
    ///   - lastWait: when the last wait in place was over.
    ///   - average: how long the answers of the connection have taken.
    /// - Returns: whose turn it is.
    static func turn(at time: Int64, last: Int64, lastWait: Int64, average: Int64) -> Turn {
        let ownTime = min(max(interval.lowerBound, answersInTurn * average), interval.upperBound)
        guard time - last > ownTime else { return .own }
        return time - lastWait > pause ? .ownAnew : .others
    }
}

/// How long a connection's answers take: an exponentially weighted average.
package struct AnswerPace: Sendable {
    /// In nanoseconds; 0 before the first answer, so the first wait is made in place.
    ///
    /// While connecting it is what lets the waits be made as those for a near server.
    private(set) var average: Int64
    /// The quickest of all, in nanoseconds: next to nothing but the way there and back.
    private(set) var quickest = Int64.max
    private var isConnecting: Bool

    /// - Parameter isConnecting: whether the first answers are those to a connect. The server starts a process for them and works out keys: they
    ///   say nothing of the answers after them, and are waited for as those of a near server, unless one takes longer than a wait in place
    ///   may last.
    package init(isConnecting: Bool = false) {
        self.isConnecting = isConnecting
        average = isConnecting ? InPlaceRule.quick : 0
    }

    /// The connection is open.
    mutating func connected() {
        isConnecting = false
        average = 0
    }

    /// A wait has taken so long.
    ///
    /// That for the connect of TCP counts for the quickest: it is answered by the server's kernel, however busy the server is, so it tells
    /// best how far away that is.
    mutating func record(_ nanoseconds: Int64) {
        quickest = min(quickest, nanoseconds)
        if isConnecting {
            if nanoseconds >= InPlaceRule.limit { average = nanoseconds }
            return
        }
        average = average == 0 ? nanoseconds : average + (nanoseconds - average) / 8
    }
}
