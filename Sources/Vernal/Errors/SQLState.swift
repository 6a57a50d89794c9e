/// A SQLSTATE: the five characters by which PostgreSQL names the kind of an error.
///
/// The set is open. The names here are those that a function is likely to act on; the whole list is in appendix A of
/// the PostgreSQL manual.
public struct SQLState: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The five characters, for example `23505`.
    public let rawValue: String

    /// Makes a SQLSTATE from its five characters.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Makes a SQLSTATE from its five characters.
    public init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    /// The first two characters, which name the class: `23` is an integrity constraint violation.
    public var errorClass: String { String(rawValue.prefix(2)) }

    /// The five characters.
    public var description: String { rawValue }
}

extension SQLState {
    /// The connection does not exist, or was lost (08003, 08006 and 08000 are alike).
    public static let connectionFailure: SQLState = "08006"
    /// The statement did not fit the protocol, as a proxy reports when it lost a prepared statement.
    public static let protocolViolation: SQLState = "08P01"
    /// A row with the same key exists.
    public static let uniqueViolation: SQLState = "23505"
    /// A row refers to one that does not exist, or is still referred to.
    public static let foreignKeyViolation: SQLState = "23503"
    /// A column that must have a value was given NULL.
    public static let notNullViolation: SQLState = "23502"
    /// A check constraint refused the row.
    public static let checkViolation: SQLState = "23514"
    /// The transaction was opened read only, or the server is a standby.
    public static let readOnlyTransaction: SQLState = "25006"
    /// An earlier statement of the transaction failed; only a rollback is accepted.
    public static let inFailedTransaction: SQLState = "25P02"
    /// A transaction stayed idle beyond `idle_in_transaction_session_timeout`.
    public static let idleInTransactionTimeout: SQLState = "25P03"
    /// The user name was refused.
    public static let invalidAuthorization: SQLState = "28000"
    /// The password was refused.
    public static let invalidPassword: SQLState = "28P01"
    /// The database does not exist.
    public static let undefinedDatabase: SQLState = "3D000"
    /// The transaction could not be serialized with others: run it again.
    public static let serializationFailure: SQLState = "40001"
    /// Two transactions waited for each other, and this one gave way: run it again.
    public static let deadlockDetected: SQLState = "40P01"
    /// The user may not do this.
    public static let insufficientPrivilege: SQLState = "42501"
    /// The statement is no valid SQL.
    public static let syntaxError: SQLState = "42601"
    /// A column does not exist.
    public static let undefinedColumn: SQLState = "42703"
    /// No function or operator takes these types; often a parameter wants a cast.
    public static let undefinedFunction: SQLState = "42883"
    /// A table does not exist.
    public static let undefinedTable: SQLState = "42P01"
    /// The server has no free connection slot.
    public static let tooManyConnections: SQLState = "53300"
    /// A lock was not free at once (`NOWAIT`) or within `lock_timeout`.
    public static let lockNotAvailable: SQLState = "55P03"
    /// The statement was cancelled, on demand or by `statement_timeout`.
    public static let queryCanceled: SQLState = "57014"
    /// An administrator or a shutdown ended the connection.
    public static let adminShutdown: SQLState = "57P01"
    /// Another server process crashed, so the server ended this connection.
    public static let crashShutdown: SQLState = "57P02"
    /// The server is starting up, shutting down or recovering.
    public static let cannotConnectNow: SQLState = "57P03"
}

extension SQLState {
    /// Whether a server that ends a connection with this has most likely ended the others as well: a shutdown, a crash.
    var endsAllConnections: Bool {
        switch rawValue {
        case "57P01", "57P02", "57P03": true
        default: errorClass == "08" && rawValue != "08P01"
        }
    }

    /// Whether a server that refuses a connection with this will most likely take it a little later: it is out of slots,
    /// over its rate, or just starting.
    var asksForPatience: Bool {
        switch rawValue {
        case "53300", "53400", "57P03": true
        default: false
        }
    }

    /// Whether the server has given a transaction up in favour of another, so that it may succeed when it is run again.
    var asksForRepetition: Bool { self == .serializationFailure || self == .deadlockDetected }

    /// Whether the same call may succeed later without any change to it.
    package var isTransient: Bool {
        switch rawValue {
        // 08P01 and 08004 are no passing trouble: a protocol error, and a server that rejects this client. 53400 is a
        // configured limit that the statement itself exceeds.
        case "08P01", "08004", "53400": false
        case "40001", "40P01", "55P03", "57P01", "57P02", "57P03", "25P03": true
        default: errorClass == "08" || errorClass == "53"
        }
    }
}
