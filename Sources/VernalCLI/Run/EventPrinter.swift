import Foundation
import LocalFunctions
import Synchronization

/// Writes what happens to standard error, off the path of the invocations, with a live view below it on a terminal.
final class EventPrinter: Sendable {
    private enum Item: Sendable {
        case event(PlatformEvent)
        case look
    }

    private let formatter: EventFormatter
    private let terminal: Terminal
    private let items: (stream: AsyncStream<Item>, continuation: AsyncStream<Item>.Continuation)
    private let dropped = Mutex(0)
    /// Events that may wait to be written; a function that writes faster than the terminal takes it loses lines.
    private static let capacity = 100_000

    init(format: LogFormat, reports: Bool) {
        terminal = Terminal(STDERR_FILENO)
        formatter = EventFormatter(format: format, terminal: terminal, reports: reports)
        items = AsyncStream.makeStream(of: Item.self, bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    /// Takes an event; never waits.
    func take(_ event: PlatformEvent) {
        if case .dropped = items.continuation.yield(.event(event)) { dropped.withLock { $0 += 1 } }
    }

    /// Writes until ``finish()``.
    ///
    /// - Parameter view: The lines of the live view, asked for four times a second; not called without a terminal.
    func run(view: @escaping @Sendable () async -> [String]) async {
        await withTaskGroup(of: Void.self) { group in
            if terminal.isInteractive {
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: .milliseconds(250))
                        self.items.continuation.yield(.look)
                    }
                }
            }
            var shown = 0
            for await item in items.stream {
                switch item {
                case .event(let event):
                    var text = formatter.lines(for: event).map { $0 + "\n" }.joined()
                    let lost = dropped.withLock { count in
                        defer { count = 0 }
                        return count
                    }
                    if lost > 0 {
                        text += "vernal: \(lost) lines were lost: they came faster than they could be written\n"
                    }
                    guard !text.isEmpty else { continue }
                    write(Self.erase(shown) + text)
                    shown = 0
                case .look:
                    let lines = await view()
                    write(Self.erase(shown) + lines.map { $0 + "\n" }.joined())
                    shown = lines.count
                }
            }
            write(Self.erase(shown))
            group.cancelAll()
        }
    }

    /// Ends ``run(view:)`` once everything is written.
    func finish() { items.continuation.finish() }

    private static func erase(_ lines: Int) -> String { lines == 0 ? "" : "\u{1B}[\(lines)A\r\u{1B}[J" }

    private func write(_ text: String) {
        guard !text.isEmpty else { return }
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
