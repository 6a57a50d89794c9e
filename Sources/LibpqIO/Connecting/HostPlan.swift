/// Where to connect, in which order: what libpq would try by itself, one host at a time.
///
/// libpq tries several hosts in one connect, but it resolves their names while it blocks and has no time limit for each
/// of them when it is polled. So it is given one address at a time.
struct HostPlan: Sendable, Hashable {
    /// One place to try.
    struct Target: Sendable, Hashable {
        /// The name to show, and to check against the server's certificate.
        var host: String?
        /// The address, when it needs no look-up.
        var hostaddr: String?
        var port: String?
        /// What the server has to be like; `nil` takes any.
        var sessionAttributes: String?

        /// Whether the host is the folder of a socket, or libpq's default place, so that there is no name to look up.
        var needsNoLookUp: Bool {
            guard hostaddr == nil, let host else { return true }
            return host.hasPrefix("/") || host.hasPrefix("@")
        }
    }

    var targets: [Target]

    /// - Throws: `invalidSettings` when there are several ports or addresses, but not one for each host.
    init(_ settings: ConnectionSettings) throws(LibpqError) {
        let hosts = Self.list(settings["host"])
        let addresses = Self.list(settings["hostaddr"])
        let ports = Self.list(settings["port"])
        let count = max(1, addresses.isEmpty ? hosts.count : addresses.count)
        if !hosts.isEmpty, !addresses.isEmpty, hosts.count != addresses.count {
            throw LibpqError(
                .invalidSettings,
                "\(hosts.count) host names were given for \(addresses.count) addresses in hostaddr: give one for each"
            )
        }
        if ports.count > 1, ports.count != count {
            throw LibpqError(
                .invalidSettings,
                "\(ports.count) ports were given for \(count) hosts: give one port for all, or one for each"
            )
        }
        for port in ports where !port.isEmpty {
            guard let number = Int(port), (1...65_535).contains(number) else {
                throw LibpqError(.invalidSettings, "the port \"\(port)\" is not a number from 1 to 65535")
            }
        }
        let base = (0..<count).map { index in
            Target(
                host: Self.element(hosts, index),
                hostaddr: Self.element(addresses, index),
                port: Self.element(ports, ports.count == 1 ? 0 : index)
            )
        }
        // "prefer-standby" is two rounds over all hosts, which libpq cannot make when it sees one host at a time.
        if count > 1, settings["target_session_attrs"] == "prefer-standby" {
            targets =
                base.map { target in with(target) { $0.sessionAttributes = "standby" } }
                + base.map { target in with(target) { $0.sessionAttributes = "any" } }
        } else {
            targets = base
        }
    }

    private static func list(_ value: String?) -> [String] {
        guard let value, !value.isEmpty else { return [] }
        // Nearly always; taking it apart costs a process that has just started a good deal.
        if !value.utf8.contains(UInt8(ascii: ",")), value.utf8.first != UInt8(ascii: " ") { return [value] }
        return value.split(separator: ",", omittingEmptySubsequences: false).map { element in
            String(element.drop { $0 == " " })
        }
    }

    private static func element(_ list: [String], _ index: Int) -> String? {
        guard list.indices.contains(index), !list[index].isEmpty else { return nil }
        return list[index]
    }
}

private func with<T>(_ value: T, _ change: (inout T) -> Void) -> T {
    var copy = value
    change(&copy)
    return copy
}
