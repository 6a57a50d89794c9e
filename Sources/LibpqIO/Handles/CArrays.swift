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
        // The pointers come first: they have to stand at a multiple of their size.
        let size = count * (MemoryLayout<UInt>.size + MemoryLayout<Oid>.size + 2 * MemoryLayout<Int32>.size)
        return bytes.withSpan { bytes in
            unsafe bytes.withUnsafeBytes { memory in
                unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: MemoryLayout<UInt>.size) { arrays in
                    guard let memory = memory.baseAddress, let arrays = arrays.baseAddress
                    else { preconditionFailure("neither is empty") }
                    let values = unsafe arrays.bindMemory(to: UnsafePointer<CChar>?.self, capacity: count)
                    let types = unsafe UnsafeMutableRawPointer(values + count)
                        .bindMemory(to: Oid.self, capacity: count)
                    let lengths = unsafe UnsafeMutableRawPointer(types + count)
                        .bindMemory(to: Int32.self, capacity: 2 * count)
                    let formats = unsafe lengths + count
                    var index = 0
                    Self.forEach(of: count, in: bytes) { header, offset in
                        // A value of no bytes has an address, too: to libpq a null pointer is NULL.
                        let value = unsafe (memory + offset).assumingMemoryBound(to: CChar.self)
                        unsafe (values + index).initialize(to: header.isNull ? nil : value)
                        unsafe (types + index).initialize(to: header.type)
                        unsafe (lengths + index).initialize(to: Int32(header.count))
                        unsafe (formats + index).initialize(to: header.format)
                        index += 1
                    }
                    return unsafe body(Int32(count), types, values, lengths, formats)
                }
            }
        }
    }
}
