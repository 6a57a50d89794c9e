/// A place of its own for a value that has one owner.
///
/// A large value is copied, byte for byte, by each hand through which it goes; of this one only the address.
@safe
package struct UniqueBox<Value: ~Copyable>: ~Copyable {
    @usableFromInline let place: UnsafeMutablePointer<Value>

    @inlinable
    package init(_ value: consuming Value) {
        unsafe place = .allocate(capacity: 1)
        unsafe place.initialize(to: value)
    }

    @inlinable
    deinit {
        unsafe place.deinitialize(count: 1)
        unsafe place.deallocate()
    }

    /// What lies there.
    @inlinable package var value: Value {
        _read { yield unsafe place.pointee }
        _modify { yield unsafe &place.pointee }
    }
}

// Whoever has the box is the only one who reaches the value.
extension UniqueBox: @unchecked Sendable where Value: Sendable & ~Copyable {}
