#if RedisAdmission

/// Why Redis did not decide.
///
/// Never has a password in it.
public struct RedisAdmissionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, as a sentence without a full stop.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

#endif
