internal import LibpqIO
internal import Moments

/// The notifications that arrive on a connection; it is lent to the closure of `listen`.
///
/// ```swift
/// try await engine.listen(to: ["orders"]) { notifications in
///     while let notification = try await notifications.next() {
///         print(notification.channel, notification.payload)
///     }
/// }
/// ```
///
/// `NOTIFY` is a call and no queue: what was sent while nobody listened is lost. So read what there is with `withConnection` once
/// the closure runs, from when on nothing is missed, and take a notification as the word that there is more to read.
public struct NotificationStream: ~Copyable, Sendable {
    private var connection: PostgresConnection
    private let deadline: Moment?
    private var failure: VernalError?

    init(_ connection: consuming PostgresConnection, until deadline: Moment?) {
        self.connection = connection
        self.deadline = deadline
    }

    /// Whether the time of listening is over: the `timeout`, or that of the invocation less the engine's margin.
    public var isOver: Bool { deadline.map { $0 <= .now } ?? false }

    /// Waits for the next notification.
    ///
    /// In a silence the server is asked once a minute for a sign of life, as by `next(within:)`.
    ///
    /// - Returns: the notification; `nil` when the time of listening is over.
    /// - Throws: `VernalError`: `connectionLost`, after which later calls throw the same; `cancelled`; `misuse` when `withConnection` has
    ///   left a transaction open, because the server delivers nothing within one.
    public mutating func next() async throws -> PostgresNotification? {
        repeat {
            if let notification = try await next(within: .seconds(60)) { return notification }
        } while !isOver
        return nil
    }

    /// Waits for the next notification, and not for longer than a while.
    ///
    /// When nothing came the server is asked for a sign of life: one that has vanished is silent, too. That also keeps an
    /// `idle_session_timeout` of the server's own from ending the connection; that of the engine (`idleSessionTimeout`) is off meanwhile.
    ///
    /// - Parameter duration: How long to wait.
    /// - Returns: the notification; `nil` when none came in that time, or when the time of listening is over: `isOver` tells which.
    /// - Throws: as `next()`.
    public mutating func next(within duration: Duration) async throws -> PostgresNotification? {
        let limit = Moment.now + duration
        if let notification = try await wait(until: deadline.map { min($0, limit) } ?? limit) { return notification }
        try await askForSignOfLife()
        return connection.link.takeNotification().map { PostgresNotification($0) }
    }

    /// Lends the connection for statements; notifications that arrive meanwhile are kept for `next()`.
    ///
    /// - Parameter body: The work. It must not leave a transaction open.
    /// - Returns: what the closure returned.
    /// - Throws: what the closure threw.
    @discardableResult
    public mutating func withConnection<R>(
        _ body: (inout PostgresConnection) async throws -> R
    ) async throws -> R {
        try await body(&connection)
    }

    private mutating func wait(until limit: Moment?) async throws(VernalError) -> PostgresNotification? {
        if let failure { throw failure }
        guard !isOver else { return nil }
        guard !connection.isInTransaction else {
            throw VernalError(
                .misuse,
                "a transaction is open, and within one nothing is delivered: end it before you wait for notifications"
            )
        }
        // A statement that was given up and not confirmed: nothing can be read any more.
        guard connection.link.transactionStatus != .active else { throw failed(Self.busy) }
        do throws(LibpqError) {
            return try await connection.link.nextNotification(until: limit).map { PostgresNotification($0) }
        } catch {
            let failure = connection.noted(error)
            throw error.code == .cancelled ? failure : failed(failure)
        }
    }

    private mutating func askForSignOfLife() async throws(VernalError) {
        let patience = connection.rules.rollbackTimeout
        let limit = Moment.now + patience
        // Shortly before the end it could not be told who was late.
        if let deadline, deadline <= limit { return }
        // Without an answer the connection is of no use, so that a cancel would be one connect for nothing.
        connection.link.cancelTimeout = .zero
        do throws(LibpqError) {
            // To the end even if the task is cancelled meanwhile: half an answer costs the connection.
            try await connection.link.ping(until: limit, isCancellable: false)
        } catch {
            guard error.code == .timedOut else { throw failed(connection.noted(error)) }
            throw failed(Self.silent)
        }
    }

    private mutating func failed(_ error: VernalError) -> VernalError {
        failure = error
        return error
    }

    private static var busy: VernalError {
        VernalError(.connectionLost, "a statement was given up and the server did not confirm it: listen anew") {
            $0.statementWasSent = true
        }
    }

    private static var silent: VernalError {
        VernalError(.connectionLost, "the server gave no sign of life: it may be gone, so listen anew") {
            $0.statementWasSent = true
        }
    }

    /// Gives the connection back.
    consuming func finish() -> PostgresConnection { connection }
}
