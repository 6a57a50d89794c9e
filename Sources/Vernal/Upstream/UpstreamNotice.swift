package import PoolCore

/// Something about the upstream that an operator or a programmer should hear of.
package enum UpstreamNotice: Sendable, Hashable {
    /// The verdict is new, or has become stricter.
    case verdict(UpstreamVerdict)
    /// The settings say something else than what is seen.
    case contradiction(String)
    /// A parameter of the connection was left out, because the upstream refuses it.
    case parameterDropped(String)
    /// The server is not told to end sessions that rest, though the settings ask for it.
    case idleSessionsStay(String)
    /// A statement pins, leaks or breaks; told once for each place in the program.
    case pin(PinFinding, statement: String)

    /// One sentence, safe to log: without a value, and with the beginning of a statement at most.
    package var sentence: String {
        switch self {
        case .verdict(let verdict):
            "the upstream is \(verdict.kind.rawValue), mode \(verdict.mode.rawValue): \(verdict.reasons.last ?? "")"
        case .contradiction(let text): text
        case .parameterDropped(let keyword):
            "the upstream refuses the connection parameter \(keyword): it was left out, and what it sets is not in force"
        case .idleSessionsStay(let reason): "idleSessionTimeout is not sent: \(reason)"
        case .pin(let finding, let statement): "\(finding.description) [\(statement)]"
        }
    }
}
