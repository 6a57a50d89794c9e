internal import CLibpq

// Swift values in the shapes that libpq's functions take. Nothing here outlives the call it is made for.

/// Gives `body` an array of C strings that ends with a null pointer.
@unsafe
func withCStrings<R>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
) -> R {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes.append(contentsOf: string.utf8.lazy.map { CChar(bitPattern: $0) })
        bytes.append(0)
    }
    return unsafe bytes.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = unsafe offsets.map { offset in
            unsafe buffer.baseAddress.map { unsafe $0 + offset }
        }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { list in
            // An array that holds at least the null pointer has an address.
            unsafe body(list.baseAddress.unsafelyUnwrapped)
        }
    }
}

/// Gives `body` each of libpq's connection options that has a value, and frees the list.
@unsafe
func forEachOption(
    consuming list: UnsafeMutablePointer<PQconninfoOption>?,
    _ body: (_ keyword: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>) -> Void
) {
    guard let list = unsafe list else { return }
    defer { unsafe PQconninfoFree(list) }
    var option = unsafe list
    while let keyword = unsafe option.pointee.keyword {
        if let value = unsafe option.pointee.val { unsafe body(keyword, value) }
        unsafe option += 1
    }
}

extension StatementParameters {
    /// Gives `body` the arrays that `PQsendQueryParams` takes.
    @unsafe
    borrowing func withPointers<R>(
        _ body: (
            _ count: Int32,
            _ types: UnsafePointer<Oid>?,
            _ values: UnsafePointer<UnsafePointer<CChar>?>?,
            _ lengths: UnsafePointer<Int32>?,
            _ formats: UnsafePointer<Int32>?
        ) -> R
    ) -> R {
        let count = self.count
        guard count > 0 else { return body(0, nil, nil, nil, nil) }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe withUnsafeTemporaryAllocation(of: Oid.self, capacity: count) { types in
                unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 2) { numbers in
                        var offset = 0
                        for index in 0..<count {
                            let header = header(at: offset)
                            // A value of no bytes has an address, too: to libpq a null pointer is NULL.
                            let start = offset + StatementParameters.Header.size
                            let value = unsafe bytes.baseAddress.map { unsafe $0 + start }
                            unsafe types.initializeElement(at: index, to: header.type)
                            unsafe values.initializeElement(
                                at: index,
                                to: header.isNull ? nil : value?.assumingMemoryBound(to: CChar.self)
                            )
                            unsafe numbers.initializeElement(at: index, to: max(0, header.count))
                            unsafe numbers.initializeElement(at: count + index, to: header.format)
                            offset += header.extent
                        }
                        let lengths = numbers.baseAddress
                        return unsafe body(
                            Int32(count),
                            types.baseAddress,
                            values.baseAddress,
                            lengths,
                            lengths.map { unsafe $0 + count }
                        )
                    }
                }
            }
        }
    }
}
