/// A place of its own for a value that has one owner.
///
/// A large value is copied, byte for byte, by each hand through which it goes; of this one only the address.
///
/// It is public in a module that no user sees, because only what is public is worked out in place by other modules.
@safe @frozen
public struct UniqueBox<Value: ~Copyable>: ~Copyable {
    @usableFromInline let place: UnsafeMutablePointer<Value>

    /// Puts a value into a place of its own.
    @inlinable
    public init(_ value: consuming Value) {
        unsafe place = .allocate(capacity: 1)
        unsafe place.initialize(to: value)
    }

    @inlinable
    deinit {
        unsafe place.deinitialize(count: 1)
        unsafe place.deallocate()
    }

    /// Gives the value up.
    @inlinable
    public consuming func take() -> Value {
        let value = unsafe place.move()
        unsafe place.deallocate()
        discard self
        return value
    }

    /// What lies there.
    @inlinable public var value: Value {
        _read { yield unsafe place.pointee }
        _modify { yield unsafe &place.pointee }
    }
}

// Whoever has the box is the only one who reaches the value.
extension UniqueBox: @unchecked Sendable where Value: Sendable & ~Copyable {}
