/// Where the runtime API is: `host:port`, `[::1]:port`, or an http URL with a path, which local emulators use to tell
/// functions apart.
package struct RuntimeEndpoint: Sendable, Hashable {
    /// The name or the IP address, without brackets.
    package let host: String
    /// The port, 1 to 65535; 80 when the text names none.
    package let port: Int
    /// What goes before every path, without a slash at its end; empty when there is none.
    package let path: String

    /// Reads the text; `nil` when it is malformed.
    ///
    /// TLS is not spoken: the runtime API is on the same machine, and its address never is an https URL.
    package init?(_ text: String) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"@?#\\".utf8.contains($0) }) else { return nil }
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }

        let port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
            let tail = authority[authority.index(after: end)...]
            guard host.contains(":"), tail.isEmpty || tail.first == ":" else { return nil }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, !parts[0].contains(where: { $0 == "[" || $0 == "]" }) else { return nil }
            host = String(parts[0])
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty else { return nil }
        if let port {
            guard let number = decimal(port), (1...65535).contains(number) else { return nil }
            self.port = number
        } else {
            self.port = 80
        }
        self.path = String(path)
    }

    /// What stands in `Host`.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
