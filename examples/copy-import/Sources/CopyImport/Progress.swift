import Foundation

/// A bar on the terminal; nothing when standard error is none.
@MainActor final class Progress {
    private let total: Int
    private var done = 0
    private var percent = -1
    private let isShown = isatty(STDERR_FILENO) == 1

    init(of total: Int) {
        self.total = max(1, total)
    }

    func add(_ bytes: Int) {
        done += bytes
        let now = done * 100 / total
        guard isShown, now != percent else { return }
        percent = now
        let bar = String(repeating: "█", count: now / 4) + String(repeating: "░", count: 25 - now / 4)
        FileHandle.standardError.write(Data("\r\(bar) \(now) %".utf8))
    }

    func end() {
        if isShown { FileHandle.standardError.write(Data("\n".utf8)) }
    }
}
