/// Says which statements pin RDS Proxy, by the list in the Amazon RDS User Guide ("Avoiding pinning an RDS Proxy").
///
/// It is a list of plain patterns, on purpose: what judges the engine must not be made of the engine's own parts.
package enum PinJudge {
    /// Why a statement pins; `nil` when it does not.
    package static func reason(_ text: String) -> String? {
        if text.utf8.count > 16 * 1024 { return "a text of more than 16 KB" }
        let statement = text.lowercased()
        // The type of a regex is not Sendable, so the list is made for each statement.
        if statement.contains(#/(^|;)\s*(set|reset)\s/#), !statement.contains(#/^\s*set\s+local\s/#) { return "SET" }
        if statement.contains(#/set_config\s*\((?!.*,\s*true\s*\))/#) { return "set_config" }
        if statement.contains(#/(^|;)\s*(prepare|execute|deallocate|discard)\s/#) { return "PREPARE and its like" }
        if statement.contains(#/create\s.*\b(temp|temporary)\b/#) { return "a temporary object" }
        if statement.contains(#/\binto\s+(temp|temporary)\b/#) { return "a temporary object" }
        if statement.contains(#/(^|;)\s*declare\s/#) { return "a cursor" }
        if statement.contains(#/(^|;)\s*(listen|unlisten|load)\b/#) { return "LISTEN or LOAD" }
        if statement.contains(#/\b(nextval|setval)\s*\(/#) { return "a sequence" }
        if statement.contains(#/\bpg_(try_)?advisory_(lock|unlock)/#) { return "an advisory lock of the session" }
        return nil
    }
}
