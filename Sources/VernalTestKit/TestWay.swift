internal import Foundation
internal import LibpqIO
internal import Vernal

/// The way on which the tests of the engine go, from `VERNAL_TEST_WAY`: what holds on the usual one has to hold on all.
package enum TestWay: String {
    /// On Swift's threads, where the only one who waits for a server waits in place; statements are prepared.
    case usual
    /// On the engine's own thread, where waiting is done in another way, and without prepared statements.
    case ownThread = "own-thread"
    /// On Swift's threads, where whoever waits for a server sleeps, as when many do.
    case asleep

    /// The way of this process.
    package static let current: TestWay = {
        guard let name = ProcessInfo.processInfo.environment["VERNAL_TEST_WAY"] else { return .usual }
        guard let way = TestWay(rawValue: name) else {
            fatalError("VERNAL_TEST_WAY is \(name), and may be usual, own-thread or asleep")
        }
        if way == .asleep { waitForEver() }
        return way
    }()

    /// Leads an engine to the way that is to be made.
    static func take(_ configuration: inout EngineConfiguration) {
        if current == .ownThread { configuration.statementCacheSize = 0 }
    }

    /// From now on nobody is alone with waiting.
    private static func waitForEver() {
        let silence = Pipe()
        Task.detached {
            var pace = AnswerPace()
            let descriptor = silence.fileHandleForReading.fileDescriptor
            _ = await SocketWaiter.shared.wait(for: descriptor, .read, until: nil, pace: &pace, isCancellable: false)
        }
    }
}
