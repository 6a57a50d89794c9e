/// Puts the request target together from what a front left of it.
///
/// Some fronts hand on what the client sent, others decode it first, and the event does not say which. What can stand
/// in a target is passed on as it is, and only what cannot is encoded.
enum EventTarget {
    /// The path of a request.
    ///
    /// - Parameters:
    ///   - path: The path as the front gives it, decoded or not.
    ///   - stage: The stage that the front has put before the path; `nil` when it does not do that.
    /// - Returns: the path without the stage, such as a client of the function itself would send it.
    static func path(_ path: String, without stage: String?) -> String {
        var path = Substring(path).utf8
        if let stage, !stage.isEmpty, stage != "$default", path.starts(with: ("/" + stage).utf8) {
            let rest = path.dropFirst(stage.utf8.count + 1)
            if rest.isEmpty || rest.first == UInt8(ascii: "/") { path = rest }
        }
        let encoded = encoding(path) { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        return encoded.utf8.first == UInt8(ascii: "/") ? encoded : "/" + encoded
    }

    /// A query as the client sent it, or at least one that can be sent.
    static func query(_ raw: String) -> String {
        encoding(raw.utf8) { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }
    }

    /// A query from its parameters, in the order of their names, because the event has lost the client's.
    ///
    /// - Parameters:
    ///   - parameters: The values of each name.
    ///   - isDecoded: Whether the front has decoded names and values.
    /// - Returns: the query, percent-encoded, without the question mark.
    static func query(_ parameters: [String: [String]], isDecoded: Bool) -> String {
        func encoded(_ text: String) -> String {
            isDecoded ? encoding(text.utf8, keepsEscapes: false, allowing: isUnreserved) : query(text)
        }
        return parameters.sorted { $0.key < $1.key }.flatMap { name, values in
            values.map { "\(encoded(name))=\(encoded($0))" }
        }.joined(separator: "&")
    }

    private static func encoding(
        _ bytes: some Collection<UInt8>,
        keepsEscapes: Bool = true,
        allowing isAllowed: (UInt8) -> Bool
    ) -> String {
        let bytes = Array(bytes)
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            let isBroken =
                keepsEscapes && byte == UInt8(ascii: "%")
                && !(bytes.count > index + 2 && hexDigit(bytes[index + 1]) != nil && hexDigit(bytes[index + 2]) != nil)
            if isAllowed(byte), !isBroken {
                encoded.append(byte)
            } else {
                appendPercentEncoded(byte, to: &encoded)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}

/// Whether a byte means itself everywhere in a URL (RFC 3986, section 2.3).
func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default: "-._~".utf8.contains(byte)
    }
}

/// Appends `%XX`.
func appendPercentEncoded(_ byte: UInt8, to bytes: inout [UInt8]) {
    func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
    bytes += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 0xf)]
}
