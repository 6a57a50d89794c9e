import Foundation
import Synchronization

/// Says how far a storm is: on a terminal in one line that changes, else once a second.
final class StormProgress: Sendable {
    private let terminal = Terminal(STDERR_FILENO)
    private let total: Int
    private let waves: Int
    private let lastShown = Mutex(ContinuousClock.now)

    init(total: Int, waves: Int) {
        self.total = total
        self.waves = waves
    }

    func say(_ text: String) {
        if terminal.isInteractive { write("\r\u{1B}[K\(text)") } else { standardError("vernal: \(text)") }
    }

    func show(_ wave: Int, _ answered: Int, connections: Int?) {
        let isDue = lastShown.withLock { last in
            let now = ContinuousClock.now
            let interval: Duration = terminal.isInteractive ? .milliseconds(100) : .seconds(1)
            guard now - last >= interval else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let open = SizingText.count(connections ?? 0, "connection")
        say("wave \(wave) of \(waves): \(answered) of \(total) answered, \(open)")
    }

    func end() {
        if terminal.isInteractive { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
