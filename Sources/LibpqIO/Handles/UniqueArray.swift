/// A list of values that have one owner, which `Array` cannot hold.
///
/// The part of `UniqueArray` of swift-collections that a pool needs: the modules of the whole have 20,000 lines, which every user would have to
/// compile. Public for the same reason as `UniqueBox`; and what is not worked out in place has to find out the type of the elements.
@safe @frozen
public struct UniqueArray<Element: ~Copyable>: ~Copyable {
    @usableFromInline var places: UnsafeMutableBufferPointer<Element>
    @usableFromInline var filled = 0

    /// How many there are.
    @inlinable public var count: Int { filled }

    /// Whether there are none.
    @inlinable public var isEmpty: Bool { filled == 0 }

    /// An empty one takes no memory.
    @inlinable
    public init() {
        unsafe places = UnsafeMutableBufferPointer(start: nil, count: 0)
    }

    @inlinable
    deinit {
        unsafe places.extracting(0..<filled).deinitialize()
        unsafe places.deallocate()
    }

    /// Adds one behind the others.
    @inlinable
    public mutating func append(_ element: consuming Element) {
        if unsafe filled == places.count {
            let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(1, 2 * filled))
            unsafe _ = larger.moveInitialize(fromContentsOf: places.extracting(0..<filled))
            unsafe places.deallocate()
            unsafe places = larger
        }
        unsafe places.initializeElement(at: filled, to: element)
        filled += 1
    }

    /// Takes all elements out, from the first to the last; the memory is kept for others.
    @inlinable
    public mutating func drain(_ body: (consuming Element) -> Void) {
        let all = filled
        filled = 0
        for index in 0..<all { body(unsafe places.moveElement(from: index)) }
    }

    /// The element at an index, from 0.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always) _read {
            precondition(index >= 0 && index < filled, "there is no such place")
            yield unsafe places[index]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < filled, "there is no such place")
            yield unsafe &places[index]
        }
    }
}

// Whoever has the list is the only one who reaches its elements.
extension UniqueArray: @unchecked Sendable where Element: Sendable & ~Copyable {}
