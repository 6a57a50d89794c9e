/// How a transaction is opened.
///
/// What is not set is as the server's defaults say.
public struct TransactionOptions: Sendable, Hashable {
    /// How much of other transactions a transaction sees.
    public enum Isolation: String, Sendable, Hashable {
        /// Each statement sees what was committed before it began.
        case readCommitted = "READ COMMITTED"
        /// All statements see what was committed before the first one.
        case repeatableRead = "REPEATABLE READ"
        /// As if transactions ran one after the other; be ready for 40001.
        case serializable = "SERIALIZABLE"
    }

    /// The isolation level; `nil` is the server's default.
    public var isolation: Isolation?
    /// Whether the transaction may only read; `nil` is the server's default.
    public var isReadOnly: Bool?
    /// Whether a serializable, read-only transaction waits at its begin for a snapshot that cannot fail later; `nil`
    /// is the server's default.
    public var isDeferrable: Bool?

    /// How often the transaction is run again, closure and all, when the server gives it up in favour of another (40001, a serialization
    /// failure, and 40P01, a deadlock).
    ///
    /// From 0, the default. To set it is to say that the closure can be run again: that it does nothing outside of the database
    /// that must not be done twice. Between two runs lies a random pause of up to 10 ms, doubling up to 500 ms.
    public var retries = 0
    /// How long the transaction may take, with its retries; `nil` takes `maxTransactionDuration` of the configuration.
    ///
    /// When it is over, the statement that runs is cancelled, and the transaction is rolled back.
    public var maxDuration: Duration?

    /// Makes options.
    ///
    /// - Parameters:
    ///   - isolation: The isolation level.
    ///   - isReadOnly: Whether the transaction may only read.
    ///   - isDeferrable: Whether it waits for a safe snapshot.
    ///   - retries: How often it is run again when the server gives it up in favour of another.
    ///   - maxDuration: How long it may take.
    public init(
        isolation: Isolation? = nil,
        isReadOnly: Bool? = nil,
        isDeferrable: Bool? = nil,
        retries: Int = 0,
        maxDuration: Duration? = nil
    ) {
        self.isolation = isolation
        self.isReadOnly = isReadOnly
        self.isDeferrable = isDeferrable
        self.retries = retries
        self.maxDuration = maxDuration
    }

    /// The statement that opens the transaction.
    var begin: String {
        var words = ["BEGIN"]
        if let isolation { words.append("ISOLATION LEVEL \(isolation.rawValue)") }
        if let isReadOnly { words.append(isReadOnly ? "READ ONLY" : "READ WRITE") }
        if let isDeferrable { words.append(isDeferrable ? "DEFERRABLE" : "NOT DEFERRABLE") }
        return words.joined(separator: " ")
    }
}
