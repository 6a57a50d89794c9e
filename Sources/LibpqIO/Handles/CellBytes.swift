// Reading the bytes of a cell. The checks are here, so that the decoders need no `unsafe`.

/// A value in the memory of its result: it is there as long as that is, so it is never kept.
///
/// It is public in a module that no user sees, because only what is public is worked out in place by other modules.
@safe @frozen
public struct PGResultCell {
    @usableFromInline let start: UnsafeRawPointer
    @usableFromInline let count: Int

    @inlinable
    init(_ start: UnsafeRawPointer, count: Int) {
        unsafe self.start = start
        self.count = count
    }

    /// The bytes.
    @inlinable @inline(__always)
    public var span: Span<UInt8> {
        @_lifetime(borrow self) get {
            unsafe _overrideLifetime(Span(_unsafeStart: start, byteCount: count), borrowing: self)
        }
    }
}

extension Span<UInt8> {
    /// The integer in network byte order at an offset.
    ///
    /// - Precondition: the span has enough bytes.
    @inlinable
    package func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int = 0, as type: T.Type = T.self) -> T {
        precondition(offset >= 0 && offset <= count - MemoryLayout<T>.size, "the value is too short")
        return T(bigEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The bytes as an array of their own.
    package func copy() -> [UInt8] {
        unsafe withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// The bytes as text; `nil` when they are not UTF-8.
    package func utf8String() -> String? {
        // `String(validating:as:)` is generic over encodings, and looks types up at run time for each call.
        guard let text = try? UTF8Span(validating: self) else { return nil }
        return String(copying: text)
    }
}
