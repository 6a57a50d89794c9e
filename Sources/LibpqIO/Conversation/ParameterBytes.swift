/// Bytes one behind the other, which take no memory of their own while they are few: so are the parameters of most statements.
package struct ParameterBytes: Sendable {
    /// Where they are while they fit: three numbers of 64 bits, say, and what has to be known of them.
    ///
    /// With more room, a query would be too large to be moved by a few instructions.
    private var place = InlineArray<48, UInt8>(repeating: 0)
    /// All of them once there are more, and until there are none.
    private var heap: [UInt8] = []

    package private(set) var count = 0

    package init() {}

    /// Appends up to eight bytes, of which the first one is the lowest of a word.
    package mutating func append(word: UInt64, size: Int) {
        let word = word.littleEndian
        guard heap.isEmpty, count <= place.count - MemoryLayout<UInt64>.size else {
            return unsafe withUnsafeBytes(of: word) {
                unsafe append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<size]))
            }
        }
        // What is behind them is written over by the next ones.
        write(word, at: count)
        count += size
    }

    /// Appends bytes that stand one behind the other.
    package mutating func append(contentsOf more: UnsafeRawBufferPointer) {
        if heap.isEmpty, count + more.count <= place.count {
            unsafe withUnsafeMutableBytes(of: &place) {
                unsafe UnsafeMutableRawBufferPointer(rebasing: $0[count...]).copyMemory(from: more)
            }
        } else {
            moveToHeap()
            unsafe heap.append(contentsOf: more)
        }
        count += more.count
    }

    package mutating func append(contentsOf more: Span<UInt8>) {
        unsafe more.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    package mutating func append(contentsOf more: some Sequence<UInt8>) {
        let isDone: ()? = more.withContiguousStorageIfAvailable {
            unsafe append(contentsOf: UnsafeRawBufferPointer($0))
        }
        guard isDone == nil else { return }
        moveToHeap()
        heap.append(contentsOf: more)
        count = heap.count
    }

    /// Appends all of others.
    mutating func append(contentsOf other: borrowing ParameterBytes) {
        other.withSpan { append(contentsOf: $0) }
    }

    private mutating func moveToHeap() {
        guard heap.isEmpty else { return }
        heap.reserveCapacity(4 * place.count)
        for index in 0..<count { heap.append(place[index]) }
    }

    /// Leaves the first ones.
    package mutating func truncate(to count: Int) {
        if !heap.isEmpty { heap.removeSubrange(count...) }
        self.count = count
    }

    /// One of them.
    package subscript(index: Int) -> UInt8 {
        get { heap.isEmpty ? place[index] : heap[index] }
        set {
            precondition(index < count, "there is no such byte")
            if heap.isEmpty { place[index] = newValue } else { heap[index] = newValue }
        }
    }

    /// Writes a word over eight of them.
    mutating func replace(at offset: Int, word: UInt64) {
        precondition(offset + MemoryLayout<UInt64>.size <= count, "there are no such bytes")
        let word = word.littleEndian
        guard !heap.isEmpty else { return write(word, at: offset) }
        unsafe heap.withUnsafeMutableBytes { unsafe $0.storeBytes(of: word, toByteOffset: offset, as: UInt64.self) }
    }

    @inline(__always)
    private mutating func write(_ word: UInt64, at offset: Int) {
        unsafe withUnsafeMutableBytes(of: &place) {
            unsafe $0.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
        }
    }

    /// Lends all of them.
    package borrowing func withSpan<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        guard heap.isEmpty else { return try body(heap.span) }
        return try body(place.span.extracting(..<count))
    }
}
