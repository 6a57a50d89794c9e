/// A list of values that have one owner, which `Array` cannot hold.
///
/// The part of `UniqueArray` of swift-collections that a pool needs: the modules of the whole have 20,000 lines, which every user would have to
/// compile. Public for the same reason as `UniqueBox`.
@safe
public struct UniqueArray<Element: ~Copyable>: ~Copyable {
    @usableFromInline var places: UnsafeMutableBufferPointer<Element>
    /// How many there are.
    public private(set) var count = 0

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// An empty one takes no memory.
    public init() {
        unsafe places = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    deinit {
        unsafe places.extracting(0..<count).deinitialize()
        unsafe places.deallocate()
    }

    /// Adds one behind the others.
    public mutating func append(_ element: consuming Element) {
        if unsafe count == places.count {
            let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, 2 * count))
            unsafe _ = larger.moveInitialize(fromContentsOf: places.extracting(0..<count))
            unsafe places.deallocate()
            unsafe places = larger
        }
        unsafe places.initializeElement(at: count, to: element)
        count += 1
    }

    /// Takes all elements out, from the first to the last; the memory is kept for others.
    public mutating func drain(_ body: (consuming Element) -> Void) {
        let all = count
        count = 0
        for index in 0..<all { body(unsafe places.moveElement(from: index)) }
    }

    /// The element at an index, from 0.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always) _read {
            precondition(index >= 0 && index < count, "there is no such place")
            yield unsafe places[index]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < count, "there is no such place")
            yield unsafe &places[index]
        }
    }
}

// Whoever has the list is the only one who reaches its elements.
extension UniqueArray: @unchecked Sendable where Element: Sendable & ~Copyable {}
