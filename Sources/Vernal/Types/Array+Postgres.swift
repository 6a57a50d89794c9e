import LibpqIO

// An array of bytes is a `bytea`; every other array is a PostgreSQL array of one dimension.

extension Array: PostgresEncodable where Element: PostgresEncodable {
    /// The array type of the element; `bytea` for bytes.
    ///
    /// An array of text is unspecified, like text: `= ANY(\(names))` fits a column of any type, and a function that takes
    /// any array needs a cast, `unnest(\(names)::text[])`.
    public static var postgresType: PostgresType {
        if Element.self == UInt8.self { return .bytea }
        return Element.postgresType.arrayType ?? .unspecified
    }

    /// Writes an array, or a `bytea` for bytes.
    ///
    /// Elements that are `nil` are NULL; arrays within it are an error.
    public func encode(into encoder: inout PostgresEncoder) throws {
        // The types are compared first, as an empty array of any type can be cast to any other.
        if Element.self == UInt8.self, let bytes = self as? [UInt8] {
            encoder.append(contentsOf: bytes)
            return
        }
        let elementType = Element.postgresType
        guard elementType.elementType == nil, !encoder.isElement else {
            throw EncodingFailure(reason: ArrayError.dimensions)
        }
        if elementType == .unspecified {
            try encodeAsText(into: &encoder)
        } else {
            try encodeAsBinary(elementType, into: &encoder)
        }
    }

    private func encodeAsBinary(_ elementType: PostgresType, into encoder: inout PostgresEncoder) throws {
        encoder.append(Int32(isEmpty ? 0 : 1))
        encoder.append(Int32(0))
        encoder.append(elementType.oid)
        guard !isEmpty else { return }
        guard let count = Int32(exactly: count) else { throw EncodingFailure(reason: "the array is too long") }
        encoder.append(count)
        encoder.append(Int32(1))
        let flags = 4
        for element in self {
            let start = encoder.count
            encoder.append(Int32(-1))
            switch try encoder.append(element: element) {
            case .null: encoder.set(1, at: flags)
            case .binary:
                guard let size = Int32(exactly: encoder.count - start - 4) else {
                    throw EncodingFailure(reason: "an element of the array is too long")
                }
                encoder.set(size, at: start)
            case .text:
                throw EncodingFailure(
                    reason: "\(Element.self) writes text although its type is \(elementType); make that .unspecified"
                )
            }
        }
    }

    private func encodeAsText(into encoder: inout PostgresEncoder) throws {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for element in self {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            var bytes = ParameterBytes()
            switch try PostgresEncoder.encode(element, appendingTo: &bytes, isElement: true) {
            case .null: text.append(contentsOf: "NULL".utf8)
            case .text:
                text.append(UInt8(ascii: "\""))
                bytes.withSpan { bytes in
                    for index in bytes.indices {
                        let byte = bytes[index]
                        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
                        text.append(byte)
                    }
                }
                text.append(UInt8(ascii: "\""))
            case .binary:
                throw EncodingFailure(
                    reason: "\(Element.self) writes binary values, so it has to say which type they are"
                )
            }
        }
        text.append(UInt8(ascii: "}"))
        try encoder.setText(String(decoding: text, as: UTF8.self))
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// Reads an array of one dimension, or a `bytea` for bytes.
    ///
    /// NULL elements need an optional element type.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> [Element] {
        if Element.self == UInt8.self {
            guard let bytes = try byteArray(bytes, type, format) as? [Element] else {
                throw DecodingFailure.wrongType()
            }
            return bytes
        }
        guard format == .binary else { return try decodeText(bytes, type) }
        guard type.elementType != nil || type.isUserDefined else { throw DecodingFailure.wrongType() }
        return try decodeBinary(bytes)
    }

    /// Dimensions, flags, type of the elements; length and lower bound of each dimension; length and bytes of each
    /// element.
    private static func decodeBinary(_ bytes: Span<UInt8>) throws -> [Element] {
        guard bytes.count >= 12 else { throw DecodingFailure.malformed }
        let dimensions = bytes.bigEndian(at: 0, as: Int32.self)
        if dimensions == 0, bytes.count == 12 { return [] }
        guard dimensions == 1 else {
            throw dimensions > 1 ? DecodingFailure(reason: ArrayError.dimensions) : .malformed
        }
        guard bytes.count >= 20 else { throw DecodingFailure.malformed }
        let elementType = PostgresType(oid: bytes.bigEndian(at: 8))
        let count = Int(bytes.bigEndian(at: 12, as: Int32.self))
        // Each element has four bytes at least, so that a wrong count cannot make us reserve the world.
        guard count >= 0, count <= (bytes.count - 20) / 4 else { throw DecodingFailure.malformed }
        var result: [Element] = []
        result.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            guard bytes.count - offset >= 4 else { throw DecodingFailure.malformed }
            let size = Int(bytes.bigEndian(at: offset, as: Int32.self))
            offset += 4
            if size == -1 {
                result.append(try nullElement())
                continue
            }
            guard size >= 0, size <= bytes.count - offset else { throw DecodingFailure.malformed }
            let element = bytes.extracting(offset..<(offset + size))
            result.append(try Element.decode(element, type: elementType, format: .binary))
            offset += size
        }
        guard offset == bytes.count else { throw DecodingFailure.malformed }
        return result
    }

    private static func decodeText(_ bytes: Span<UInt8>, _ type: PostgresType) throws -> [Element] {
        guard let elementType = type.elementType else { throw DecodingFailure.wrongType() }
        return try ArrayText.elements(of: bytes).map { element in
            guard let element else { return try nullElement() }
            return try Element.decode(element.span, type: elementType, format: .text)
        }
    }

    private static func nullElement() throws -> Element {
        guard let value = Element.valueForNull else {
            throw DecodingFailure(reason: "an element is NULL: read it as [\(Element.self)?]")
        }
        return value
    }
}

private enum ArrayError {
    static let dimensions = "only arrays of one dimension are supported"
}

/// The text form of an array: `{1,NULL,"a \"quoted\" one"}`.
private enum ArrayText {
    static func elements(of bytes: Span<UInt8>) throws(DecodingFailure) -> [[UInt8]?] {
        var index = 0
        // Lower bounds other than 1 are printed in front: `[0:1]={a,b}`.
        if bytes.count > 0, bytes[0] == UInt8(ascii: "[") {
            while index < bytes.count, bytes[index] != UInt8(ascii: "=") { index += 1 }
            index += 1
        }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "{"), bytes[bytes.count - 1] == UInt8(ascii: "}")
        else { throw .malformed }
        index += 1
        let end = bytes.count - 1
        guard index < end else {
            if index == end { return [] }
            throw .malformed
        }
        var elements: [[UInt8]?] = []
        while true {
            var element: [UInt8] = []
            var wasQuoted = false
            var isQuoted = false
            scan: while index < end {
                let byte = bytes[index]
                index += 1
                switch byte {
                case UInt8(ascii: "\\"):
                    guard index < end else { throw .malformed }
                    element.append(bytes[index])
                    index += 1
                case UInt8(ascii: "\""):
                    isQuoted.toggle()
                    wasQuoted = true
                case UInt8(ascii: ",") where !isQuoted:
                    index -= 1
                    break scan
                case UInt8(ascii: "{") where !isQuoted: throw DecodingFailure(reason: ArrayError.dimensions)
                default: element.append(byte)
                }
            }
            guard !isQuoted, wasQuoted || !element.isEmpty else { throw .malformed }
            elements.append(!wasQuoted && element.elementsEqual("NULL".utf8) ? nil : element)
            guard index < end else { return elements }
            index += 1
        }
    }
}
