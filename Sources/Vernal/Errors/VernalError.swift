/// What went wrong, in a form that is safe to log.
///
/// `description` is one sentence for the person who has to act on it. It never has a password, a parameter, a value of
/// a row or a connection string in it. The server's `detail` can have values in it, so it is in its property only.
public struct VernalError: Error, Sendable {
    /// The fields of an error, for those who make one.
    package struct Fields: Sendable {
        package var code: Code
        package var message: String
        package var sqlState: SQLState?
        package var severity: String?
        package var serverMessage: String?
        package var detail: String?
        package var hint: String?
        package var context: String?
        package var position: Int?
        package var schemaName: String?
        package var tableName: String?
        package var columnName: String?
        package var dataTypeName: String?
        package var constraintName: String?
        package var wait: Wait?
        package var poolCounts: PoolCounts?
        package var lastConnectFailure: ConnectFailure?
        package var statementWasSent = false
        package var statementIndex: Int?
        package var underlying: (any Error)?
    }

    /// One pointer, so that throwing an error and passing it on stay cheap.
    private final class Storage: Sendable {
        let fields: Fields
        init(_ fields: Fields) { self.fields = fields }
    }

    private let storage: Storage

    /// The fields, to make a changed copy of the error.
    package var fields: Fields { storage.fields }

    package init(fields: Fields) {
        storage = Storage(fields)
    }

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it was.
    ///   - message: What happened and what to do, as a sentence without a full stop, and without secrets or values.
    ///   - change: Sets the other fields.
    package init(_ code: Code, _ message: String, _ change: (inout Fields) -> Void = { _ in }) {
        var fields = Fields(code: code, message: message)
        change(&fields)
        storage = Storage(fields)
    }

    /// The same error with some fields changed, such as the pool's counts that only an outer layer knows.
    package func with(_ change: (inout Fields) -> Void) -> VernalError {
        var fields = fields
        change(&fields)
        return VernalError(fields: fields)
    }
}

extension VernalError {
    /// What kind of failure it was.
    public var code: Code { fields.code }
    /// What happened, in words, without secrets or values.
    public var message: String { fields.message }
    /// The SQLSTATE, if the server reported the failure.
    public var sqlState: SQLState? { fields.sqlState }
    /// The server's severity: `ERROR`, `FATAL` or `PANIC`.
    public var severity: String? { fields.severity }
    /// The server's primary message.
    ///
    /// **It can quote a value**, such as a text that is no number.
    public var serverMessage: String? { fields.serverMessage }
    /// The server's detail.
    ///
    /// **It can have values of rows in it**, such as the key that exists already.
    public var detail: String? { fields.detail }
    /// The server's hint.
    public var hint: String? { fields.hint }
    /// In the midst of what it happened: the line and the column of a copy, the functions that were running.
    ///
    /// **It can have values in it**, such as the text that is no number.
    public var context: String? { fields.context }
    /// The character of the statement's text at which the error is; the first is 1.
    public var position: Int? { fields.position }
    /// The schema that the error is about.
    public var schemaName: String? { fields.schemaName }
    /// The table that the error is about.
    public var tableName: String? { fields.tableName }
    /// The column that the error is about.
    public var columnName: String? { fields.columnName }
    /// The data type that the error is about.
    public var dataTypeName: String? { fields.dataTypeName }
    /// The constraint that the error is about, such as the unique index that refused a row.
    public var constraintName: String? { fields.constraintName }
    /// The step during which it happened.
    public var wait: Wait? { fields.wait }
    /// The pool's counts at that time.
    public var poolCounts: PoolCounts? { fields.poolCounts }
    /// Why the pool's last attempt to open a connection failed.
    public var lastConnectFailure: ConnectFailure? { fields.lastConnectFailure }
    /// Whether anything of the statement was handed to the network.
    ///
    /// `false` means that the server cannot have run it, so that it is safe to try again.
    public var statementWasSent: Bool { fields.statementWasSent }
    /// Which statement of a pipeline failed, from 0; `nil` for an error that has to do with no pipeline.
    public var statementIndex: Int? { fields.statementIndex }
    /// The error that caused this one.
    ///
    /// Its description is not under the control of this package.
    public var underlying: (any Error)? { fields.underlying }

    /// Whether the same call may succeed later without any change to it.
    ///
    /// It says nothing about whether the statement was run: when `statementWasSent` is true, and the error is not the
    /// server's own answer, repeat only what may be run twice.
    public var isRetryable: Bool {
        // The transaction may have been committed, whatever ended the connection.
        if code == .unknownCommitOutcome || code == .cancelled { return false }
        // What refuses a connection, or ends one, may be a pooler that has one code for everything.
        if code == .connectFailed || code == .connectionLost, let isWorthARetry { return isWorthARetry }
        if let sqlState { return sqlState.isTransient }
        switch code {
        case .poolExhausted, .tooManyWaiters, .connectFailed, .throttled, .timedOut, .connectionLost: return true
        default: return false
        }
    }
}

extension VernalError: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The failure as one sentence, safe to log.
    public var description: String {
        var text = message
        if let safeServerMessage { text += ": \(safeServerMessage)" }
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let constraintName { text += " [constraint \(constraintName)]" }
        if let hint { text += "; hint: \(hint)" }
        if let wait { text += "; while \(wait)" }
        if let poolCounts { text += "; pool: \(poolCounts)" }
        if let lastConnectFailure { text += "; last connect error: \(lastConnectFailure)" }
        return text
    }

    /// The server's message without the values that data exceptions (class 22) quote.
    ///
    /// For example `invalid input syntax for type integer: "…"`. Messages of other classes quote names only.
    private var safeServerMessage: String? {
        // What a function raises is whatever its author put into it; and two codes print bytes of the text.
        if let sqlState, sqlState.errorClass == "P0" || sqlState == "22021" || sqlState == "22P05" { return nil }
        guard let serverMessage, sqlState?.errorClass == "22" else { return serverMessage }
        guard let first = serverMessage.firstIndex(of: "\""), let last = serverMessage.lastIndex(of: "\"") else {
            return serverMessage
        }
        // From the first quote to the last: the value itself can have quotes in it.
        return serverMessage[..<first] + "\"…\"" + serverMessage[last...].dropFirst()
    }

    /// The code and the sentence, safe to log.
    public var debugDescription: String { "VernalError.\(code): \(description)" }

    /// The code and the sentence only: a dump of the fields would show the server's detail.
    public var customMirror: Mirror {
        Mirror(self, children: ["code": code.description, "description": description], displayStyle: .struct)
    }
}
