/// Which statements of one connection the server has prepared, and which it is worth preparing.
///
/// A statement is prepared when it comes for the second time: one that comes once only would cost the server memory for
/// nothing. When there is no room, the one that was not used for the longest time goes. Where the server cannot be told of that, a connection
/// prepares fewer than twice as many as it has room for, and from then on nothing new.
package struct StatementCache: Sendable, Hashable {
    /// What to do with a statement.
    package enum Use: Sendable, Hashable {
        /// Send it as it is.
        case plain
        /// Prepare it under this name and run that, and have the server forget others in the same flight.
        case prepare(name: String, forget: [String])
        /// Run what was prepared under this name.
        case prepared(name: String)
    }

    private struct Entry: Sendable, Hashable {
        let sample: TextSample
        let text: String
        /// `nil` as long as it was seen only once.
        var name: String?
        /// What tells the types of the parameters; with others it is another statement.
        var signature: UInt64
        var lastUse = 0
        /// It is never prepared.
        var isPlain = false
    }

    /// Longer statements are made up anew each time, more often than not.
    private static let longestText = 8192

    private let capacity: Int
    /// A part of the names.
    private let id: UInt64
    /// By their samples, in order.
    ///
    /// Not a dictionary: to find a text there costs more than to compare it, and the first one that a process makes costs it more than an
    /// acquire.
    private var entries: [Entry] = []
    private var uses = 0
    private var lastNumber = 0
    /// What the server has prepared and nobody needs any more.
    private var surplus: [String] = []

    /// - Parameters:
    ///   - capacity: how many statements are kept in mind; with 0 none is ever prepared.
    ///   - id: a part of their names, different for each connection, so that none is ever taken for another's.
    package init(capacity: Int, id: UInt64) {
        self.capacity = capacity
        self.id = id
    }

    /// Whether anything is ever prepared.
    package var isOn: Bool { capacity > 0 }

    /// How many statements the server has prepared.
    package var preparedCount: Int { entries.count { $0.name != nil } }

    /// A statement is about to be run.
    ///
    /// - Parameters:
    ///   - text: the statement.
    ///   - sample: its sample, where that is known.
    ///   - signature: the same for parameters of the same types.
    ///   - mayPrepare: whether it may be prepared now.
    ///   - mayForget: whether the server may be told to forget others now. Not in a transaction, which an error would end.
    /// - Returns: how to run it. What is to be prepared counts as prepared from now on.
    package mutating func willRun(
        _ text: String,
        sample: TextSample? = nil,
        signature: UInt64,
        mayPrepare: Bool = true,
        mayForget: Bool = true
    ) -> Use {
        guard capacity > 0 else { return .plain }
        uses += 1
        let sample = sample ?? TextSample(text)
        guard let index = index(of: text, sample) else {
            if text.utf8.count <= Self.longestText { remember(text, sample, signature) }
            return .plain
        }
        entries[index].lastUse = uses
        guard entries[index].signature == signature else { return .plain }
        if let name = entries[index].name { return .prepared(name: name) }
        // What cannot be given up must not pile up at the server, or at a pooler.
        guard mayPrepare, !entries[index].isPlain, mayForget || surplus.count < capacity else { return .plain }
        lastNumber += 1
        let name = "vernal_\(String(id, radix: 36))_\(lastNumber)"
        entries[index].name = name
        guard mayForget else { return .prepare(name: name, forget: []) }
        defer { surplus.removeAll() }
        return .prepare(name: name, forget: surplus)
    }

    private mutating func remember(_ text: String, _ sample: TextSample, _ signature: UInt64) {
        if entries.count >= capacity,
            let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse })
        {
            // The server is told with the next statement that it has to prepare: no flight for that alone.
            giveUp(at: oldest)
        }
        let place = firstIndex(of: sample)
        entries.append(Entry(sample: sample, text: text, signature: signature, lastUse: uses))
        // Not `insert(_:at:)`, for which a process has to find out one type more.
        for index in (place..<entries.count - 1).reversed() { entries.swapAt(index, index + 1) }
    }

    /// Where texts of a sample begin, or would.
    private func firstIndex(of sample: TextSample) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sample.value < sample.value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func index(of text: String, _ sample: TextSample) -> Int? {
        var index = firstIndex(of: sample)
        while index < entries.count, entries[index].sample == sample {
            if entries[index].text == text { return index }
            index += 1
        }
        return nil
    }

    private func index(of text: String) -> Int? { index(of: text, TextSample(text)) }

    /// What was prepared for a statement is of no use any more.
    package mutating func giveUp(_ text: String) {
        if let index = index(of: text) { giveUp(at: index) }
    }

    private mutating func giveUp(at index: Int) {
        if let name = entries.remove(at: index).name { surplus.append(name) }
    }

    /// What was prepared for a statement is of no use any more, and would not be under another name either.
    package mutating func giveUpForGood(_ text: String) {
        if let name = index(of: text).flatMap({ entries[$0].name }) { surplus.append(name) }
        leaveAlone(text)
    }

    /// A statement is not worth preparing.
    package mutating func leaveAlone(_ text: String) {
        guard let index = index(of: text) else { return }
        entries[index].name = nil
        entries[index].isPlain = true
    }

    /// The server was not told to forget these after all.
    package mutating func notForgotten(_ names: [String]) {
        surplus.append(contentsOf: names)
    }

    /// A statement could not be run as it was prepared: it is forgotten, and comes as a new one.
    package mutating func forget(_ text: String) {
        if let index = index(of: text) { entries.remove(at: index) }
    }

    /// The server has forgotten all statements, as after `DISCARD ALL`.
    package mutating func forgetAll() {
        entries.removeAll(keepingCapacity: true)
        surplus.removeAll()
    }
}
