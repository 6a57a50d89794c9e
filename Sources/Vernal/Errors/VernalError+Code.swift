extension VernalError {
    /// What kind of failure it was.
    ///
    /// The set is open: a `switch` needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name of the code, which is stable and fit for a log or a metric.
        public let description: String

        private init(_ description: String) {
            self.description = description
        }

        /// The settings are wrong: `DATABASE_URL`, an environment variable, or an argument.
        public static let configuration = Code("configuration")
        /// No connection became free in time.
        public static let poolExhausted = Code("poolExhausted")
        /// Too many callers are waiting for a connection already.
        public static let tooManyWaiters = Code("tooManyWaiters")
        /// The pool has been closed, or the process is stopping.
        public static let poolClosed = Code("poolClosed")
        /// No connection could be opened.
        public static let connectFailed = Code("connectFailed")
        /// The server refused the user, the password or the database.
        public static let authenticationFailed = Code("authenticationFailed")
        /// The process has opened too many connections lately, and the time was up before the next one was due.
        public static let throttled = Code("throttled")
        /// The deadline passed; `wait` says during what.
        public static let timedOut = Code("timedOut")
        /// The task was cancelled.
        public static let cancelled = Code("cancelled")
        /// The server answered with an error; `sqlState` says which.
        public static let server = Code("server")
        /// The connection was lost while it was in use.
        public static let connectionLost = Code("connectionLost")
        /// The closure of a transaction returned though a statement in it had failed, so nothing was committed.
        public static let transactionAborted = Code("transactionAborted")
        /// The connection was lost after `COMMIT` was sent: the transaction may or may not have been committed.
        public static let unknownCommitOutcome = Code("unknownCommitOutcome")
        /// A value could not be read as the type that was asked for.
        public static let decoding = Code("decoding")
        /// The result has not the number of rows that was asked for.
        public static let unexpectedRowCount = Code("unexpectedRowCount")
        /// A value cannot be sent as a parameter, or the text of the query is not usable.
        public static let invalidParameter = Code("invalidParameter")
        /// A hook of the program (`configure`, `credentials`) failed; `underlying` is its error.
        public static let hookFailed = Code("hookFailed")
        /// The engine was used in a way that can never work, such as a lease within a lease on a pool of one.
        public static let misuse = Code("misuse")
    }

    /// The step during which time ran out or an attempt failed.
    public struct Wait: Sendable, Hashable, CustomStringConvertible {
        /// The step in words, as it stands in a sentence.
        public let description: String

        private init(_ description: String) {
            self.description = description
        }

        /// In the queue for a connection of the pool.
        public static let poolQueue = Wait("waiting for a free connection")
        /// For the throttle to grant a new connection.
        public static let connectThrottle = Wait("waiting for permission to open a connection")
        /// For the hook that gives user and password.
        public static let credentials = Wait("waiting for credentials")
        /// For the address of the server's name.
        public static let nameResolution = Wait("resolving the server's name")
        /// For the server to accept the connection.
        public static let connect = Wait("connecting to the server")
        /// For encryption and authentication.
        public static let authentication = Wait("TLS and authentication")
        /// For the clean-up of a connection that was used before.
        public static let reset = Wait("resetting the connection")
        /// For the sign of life of a connection that was idle.
        public static let ping = Wait("checking that the connection is alive")
        /// For the statement.
        public static let statement = Wait("running the statement")
    }

    /// How many connections the pool had, and who waited, when the error happened.
    public struct PoolCounts: Sendable, Hashable, CustomStringConvertible {
        /// All connections: idle, leased and connecting.
        public var size: Int
        /// Open connections that nobody uses.
        public var idle: Int
        /// Connections that are in use.
        public var leased: Int
        /// Connections that are being opened.
        public var connecting: Int
        /// Callers that wait for a connection.
        public var waiting: Int
        /// The most connections that the pool may have.
        public var limit: Int

        package init(size: Int, idle: Int, leased: Int, connecting: Int, waiting: Int, limit: Int) {
            self.size = size
            self.idle = idle
            self.leased = leased
            self.connecting = connecting
            self.waiting = waiting
            self.limit = limit
        }

        /// The counts in words.
        public var description: String {
            "\(size) of \(limit) connections: \(leased) leased, \(idle) idle, \(connecting) connecting; "
                + "\(waiting) waiting"
        }
    }

    /// Why the last attempt of the pool to open a connection failed.
    public struct ConnectFailure: Sendable, Hashable, CustomStringConvertible {
        /// What happened, without secrets.
        public var message: String
        /// The server's SQLSTATE, if the server answered.
        public var sqlState: SQLState?

        package init(message: String, sqlState: SQLState? = nil) {
            self.message = message
            self.sqlState = sqlState
        }

        /// What happened, with the SQLSTATE if there is one.
        public var description: String {
            sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message
        }
    }
}
