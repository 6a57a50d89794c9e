/// What to do about a message with which a server or a pooler refuses something.
package struct FailureAdvice: Sendable, Hashable {
    /// What the trouble is.
    package enum Cause: Sendable, Hashable {
        case tooManyConnections
        /// It starts, stops, recovers, or has lost the server behind it.
        case unavailable
        /// It could not give out a server connection in time.
        case queueTimeout
        /// Too many connects in a short time.
        case connectRate
        /// The connection was idle, or open, for too long.
        case idleClosed
        /// A server that only reads, which the writer has just ceased to be.
        case readOnly
        /// The user, the password or the database was refused.
        case login
        /// Settings that will not work next time either: TLS, a parameter, a protocol.
        case configuration
        case other
    }

    /// What the caller is to do.
    package enum Retry: Sendable, Hashable {
        /// Try again after a random pause.
        case soon
        /// Try again after a second at least, and open the circuit breaker: many do the same.
        case slowly
        /// Do not try again.
        case never
        /// Fail now: time was spent already. A later call may succeed.
        case notNow
    }

    package let cause: Cause
    package let retry: Retry
    /// Whether the connection can be used on.
    package let keepsConnection: Bool
    /// For how long it makes no sense to try again, where the sender's own limits say so.
    package let pause: Duration?

    package init(_ cause: Cause, _ retry: Retry, keepsConnection: Bool = false, pause: Duration? = nil) {
        self.cause = cause
        self.retry = retry
        self.keepsConnection = keepsConnection
        self.pause = pause
    }

    /// Reads a message: by its SQLSTATE, and by its text only where poolers use one code for everything.
    ///
    /// It is `nil` for the errors of statements, which have nothing to do with the connection.
    ///
    /// - Parameter message: the message.
    package init?(_ message: UpstreamMessage) {
        let text = message.text
        guard
            let advice = Self.byText(message.sqlState, text, message.detail ?? "")
                ?? Self.byCode(message.sqlState, isFatal: message.isFatal)
        else { return nil }
        self = advice
    }

    private static func byCode(_ sqlState: String, isFatal: Bool) -> FailureAdvice? {
        switch sqlState {
        case "53300": return FailureAdvice(.tooManyConnections, .soon)
        // Aurora DSQL's rate. As the error of a statement it is a limit that the statement exceeds.
        case "53400" where isFatal: return FailureAdvice(.connectRate, .slowly, pause: .seconds(1))
        case "57P01", "57P02", "57P03": return FailureAdvice(.unavailable, .soon)
        case "57P04": return FailureAdvice(.login, .never)
        case "57P05", "25P03", "25P04": return FailureAdvice(.idleClosed, .soon)
        case "25006": return FailureAdvice(.readOnly, .soon)
        case "58000": return FailureAdvice(.unavailable, .soon, keepsConnection: !isFatal)
        case "08P01", "XX000": return isFatal ? FailureAdvice(.other, .soon) : nil
        case "08004": return FailureAdvice(.configuration, .never)
        default: break
        }
        switch sqlState.prefix(2) {
        case "08": return FailureAdvice(.unavailable, .soon)
        case "53" where isFatal: return FailureAdvice(.unavailable, .soon)
        case "28", "3D": return FailureAdvice(.login, .never)
        case "0A", "42": return isFatal ? FailureAdvice(.configuration, .never) : nil
        default: return nil
        }
    }
}
