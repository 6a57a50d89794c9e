import ArgumentParser

/// `HOST:PORT`, `[IPv6]:PORT` or a port alone, on the command line.
struct ListenAddress: ExpressibleByArgument, Equatable {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        let separator = argument.lastIndex(of: ":")
        let host = separator.map { String(argument[..<$0]) } ?? "127.0.0.1"
        let digits = separator.map { argument[argument.index(after: $0)...] } ?? argument[...]
        guard let port = Int(digits), (0...65_535).contains(port), !host.isEmpty else { return nil }
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }

    /// The URL under which a listener is reached from this machine: nobody connects to the address that means all of them.
    static func reachable(_ url: String) -> String {
        url.replacing("//0.0.0.0:", with: "//127.0.0.1:").replacing("//[::]:", with: "//[::1]:")
    }

    var defaultValueDescription: String { "\(host):\(port)" }
}
