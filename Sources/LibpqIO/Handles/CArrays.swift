internal import CLibpq

// Swift values in the shapes that libpq's functions take. Nothing here outlives the call it is made for.

/// Gives `body` two arrays of C strings that end with a null pointer: keywords, and the values beside them.
@unsafe
func withOptions<R>(
    _ options: [ConnectionSettings.Option],
    _ body: (_ keywords: UnsafePointer<UnsafePointer<CChar>?>?, _ values: UnsafePointer<UnsafePointer<CChar>?>?) -> R
) -> R {
    let count = options.count
    return unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: 2 * (count + 1)) { strings in
        for (index, option) in options.enumerated() {
            unsafe strings.initializeElement(at: index, to: copy(option.keyword))
            unsafe strings.initializeElement(at: count + 1 + index, to: copy(option.value))
        }
        unsafe strings.initializeElement(at: count, to: nil)
        unsafe strings.initializeElement(at: 2 * count + 1, to: nil)
        defer { for index in strings.indices { unsafe strings[index]?.deallocate() } }
        let keywords = unsafe strings.baseAddress.map { unsafe UnsafePointer($0) }
        return unsafe body(keywords, keywords.map { unsafe $0 + count + 1 })
    }
}

@unsafe
private func copy(_ text: String) -> UnsafePointer<CChar> {
    let count = text.utf8.count + 1
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: count)
    unsafe text.withCString { unsafe copy.initialize(from: $0, count: count) }
    return unsafe UnsafePointer(copy)
}

/// Gives `body` each of libpq's connection options, and frees the list.
@unsafe
func forEachOption(
    consuming list: UnsafeMutablePointer<PQconninfoOption>?,
    _ body: (_ keyword: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>?) -> Void
) {
    guard let list = unsafe list else { return }
    defer { unsafe PQconninfoFree(list) }
    var option = unsafe list
    while let keyword = unsafe option.pointee.keyword {
        unsafe body(keyword, option.pointee.val)
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
