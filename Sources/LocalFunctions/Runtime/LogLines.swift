/// Cuts what a process writes into lines.
package struct LogLines: Sendable {
    private var rest: [UInt8] = []
    /// A longer line is cut, so that a process that never ends its line cannot fill our memory.
    package static let longest = 64 * 1024

    package init() {}

    /// Takes what came and returns the lines that are whole.
    package mutating func append(_ bytes: some Collection<UInt8>) -> [String] {
        var lines: [String] = []
        var remaining = bytes[...]
        while let end = remaining.firstIndex(of: UInt8(ascii: "\n")) {
            rest.append(contentsOf: remaining[..<end])
            lines.append(take())
            remaining = remaining[remaining.index(after: end)...]
        }
        rest.append(contentsOf: remaining)
        while rest.count > Self.longest {
            lines.append(String(decoding: rest.prefix(Self.longest), as: UTF8.self))
            rest.removeFirst(Self.longest)
        }
        return lines
    }

    /// The line that has no end yet.
    package mutating func finish() -> String? { rest.isEmpty ? nil : take() }

    private mutating func take() -> String {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        defer { rest.removeAll(keepingCapacity: true) }
        return String(decoding: rest, as: UTF8.self)
    }
}

/// The end of a log: what the platform gives with `LogType: Tail`.
package struct LogTail: Sendable {
    private var bytes: [UInt8] = []
    /// The platform gives 4 KiB.
    package static let limit = 4096

    package init() {}

    package mutating func append(_ line: String) {
        bytes.append(contentsOf: line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        if bytes.count > 4 * Self.limit { bytes.removeFirst(bytes.count - Self.limit) }
    }

    /// The last 4 KiB.
    package var end: [UInt8] { bytes.suffix(Self.limit) }
}
