internal import Foundation
internal import LibpqIO

/// The way on which the tests of the engine go, from `VERNAL_TEST_WAY`: what holds on the usual one has to hold on all.
package enum TestWay: String {
    /// On Swift's threads, where the only one who waits for a server waits in place; statements are prepared.
    case usual
    /// On the engine's own thread, where waiting is done in another way, and without prepared statements.
    case ownThread = "own-thread"
    /// On Swift's threads, where whoever waits for a server sleeps, as when many do.
    case asleep

    /// The way of this process.
    ///
    /// - Throws: when there is none of that name: tests that went another one would show nothing.
    package static var current: TestWay { get throws { try chosen.get() } }

    private static let chosen = Result {
        let name = ProcessInfo.processInfo.environment["VERNAL_TEST_WAY"] ?? usual.rawValue
        guard let way = TestWay(rawValue: name) else { throw Unknown(name: name) }
        if way == .asleep { waitForEver() }
        return way
    }

    private struct Unknown: Error, CustomStringConvertible {
        let name: String
        var description: String { "VERNAL_TEST_WAY is \(name), and may be usual, own-thread or asleep" }
    }

    /// What nobody ever writes to.
    private static let silence = Pipe()

    /// From now on nobody is alone with waiting.
    private static func waitForEver() {
        Task.detached {
            var pace = AnswerPace()
            let descriptor = silence.fileHandleForReading.fileDescriptor
            _ = await SocketWaiter.shared.wait(for: descriptor, .read, until: nil, pace: &pace, isCancellable: false)
        }
    }
}
