/// A refusal of something that was in the startup packet.
package enum StartupRefusal {
    /// Finds libpq's keyword of what an upstream refused, so that the connect can be tried once more without it.
    ///
    /// - Parameter message: the message of the refused connect.
    /// - Returns: `nil` when it was refused for another reason.
    package static func keyword(in message: UpstreamMessage) -> String? {
        let text = message.text
        if text.contains("command-line options") { return "options" }
        for marker in ["unsupported startup parameter in options: ", "unsupported startup parameter: "] {
            guard let name = name(after: marker, in: text) else { continue }
            return marker.contains("in options") ? "options" : keyword(for: name)
        }
        if let name = name(after: "support the option ", in: text) { return keyword(for: name) }
        return nil
    }

    private static func keyword(for parameter: String) -> String {
        switch parameter {
        // Parameters that libpq only ever sends because they are in `options`, which some poolers take apart.
        case "application_name", "client_encoding", "replication", "options": parameter
        default: "options"
        }
    }

    /// The word that follows a marker.
    private static func name(after marker: String, in text: String) -> String? {
        var rest = text[...]
        while !rest.isEmpty {
            if rest.hasPrefix(marker) {
                let name = rest.dropFirst(marker.count).prefix {
                    $0.isASCII && ($0.isLetter || $0 == "_" || $0.isNumber)
                }
                return name.isEmpty ? nil : String(name)
            }
            rest = rest.dropFirst()
        }
        return nil
    }
}
