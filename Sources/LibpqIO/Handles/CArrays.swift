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

/// Copies libpq's list of connection options and frees it; options without a value are left out.
@unsafe
func connectionOptions(consuming list: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
    guard let list = unsafe list else { return [:] }
    defer { unsafe PQconninfoFree(list) }
    var options: [String: String] = [:]
    var option = unsafe list
    while let keyword = unsafe option.pointee.keyword {
        if let value = unsafe option.pointee.val {
            unsafe options[String(cString: keyword)] = String(cString: value)
        }
        unsafe option += 1
    }
    return options
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
        let entries = self.entries
        let count = entries.count
        guard count > 0 else { return body(0, nil, nil, nil, nil) }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe withUnsafeTemporaryAllocation(of: Oid.self, capacity: count) { types in
                unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 2) { numbers in
                        for (index, entry) in entries.enumerated() {
                            let value = unsafe entry.count < 0 ? nil : address(of: entry, in: bytes)
                            unsafe types.initializeElement(at: index, to: entry.type)
                            unsafe values.initializeElement(at: index, to: value)
                            unsafe numbers.initializeElement(at: index, to: Int32(max(0, entry.count)))
                            unsafe numbers.initializeElement(at: count + index, to: entry.isBinary ? 1 : 0)
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

    /// A value of no bytes still needs an address: to libpq a null pointer is NULL.
    @unsafe
    private borrowing func address(of entry: Entry, in bytes: UnsafeRawBufferPointer) -> UnsafePointer<CChar>? {
        if let base = bytes.baseAddress {
            return unsafe (base + entry.offset).assumingMemoryBound(to: CChar.self)
        }
        return unsafe emptyValue
    }
}

/// One zero byte that is there for the life of the process.
private nonisolated(unsafe) let emptyValue: UnsafePointer<CChar> = {
    let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    unsafe byte.initialize(to: 0)
    return unsafe UnsafePointer(byte)
}()
