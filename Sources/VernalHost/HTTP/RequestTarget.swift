import HTTPTypes

/// The request target in the forms that a server gets: `/path?query`, `http://host/path?query` and `*`.
struct RequestTarget: Equatable {
    /// Path and query, or `*`.
    let path: String
    /// The host, when the target names it; it is worth more than the `Host` field then.
    let authority: String?

    init(_ target: String, method: HTTPRequest.Method) throws(Refusal) {
        let malformed = Refusal(.badRequest, "the URL is malformed")
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "#") }) else { throw malformed }
        if target.utf8.first == UInt8(ascii: "/") {
            path = target
            authority = nil
        } else if target == "*" {
            guard method == .options else { throw malformed }
            path = target
            authority = nil
        } else {
            let scheme = target.prefix { $0 != ":" }.lowercased()
            guard scheme == "http" || scheme == "https", target.dropFirst(scheme.count).hasPrefix("://") else {
                throw malformed
            }
            let rest = target.dropFirst(scheme.count + 3)
            let host = rest.prefix { $0 != "/" && $0 != "?" }
            guard !host.isEmpty, Self.isAuthority(String(host)) else { throw malformed }
            let tail = rest.dropFirst(host.count)
            path = tail.first == "/" ? String(tail) : "/" + tail
            authority = String(host)
        }
    }

    /// Whether the text can be a host with an optional port; that it may be empty is RFC 9112, section 3.2.
    static func isAuthority(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~%!$&'()*+;=:[]".utf8.contains(byte)
            }
        }
    }
}
