public import Logging

/// What a program adds to the work of an engine.
///
/// A hook runs in the task of the caller who needs the connection, within that caller's time, and outside of all locks.
public struct EngineHooks: Sendable {
    /// Prepares a connection, once after it was opened, before anybody gets it: for session settings such as
    /// `SET search_path`.
    ///
    /// It is run again when a reset has undone it. What it throws, or a transaction that it leaves open, closes the connection, and
    /// the caller gets the error `hookFailed`.
    public var configure: (@Sendable (inout PostgresConnection) async throws -> Void)?

    /// Says whether a connection that has been used before is fit to be lent again.
    ///
    /// It is asked at each acquire, in addition to the engine's own look. `false`, an error, or a transaction that it leaves
    /// open closes the connection, and the caller gets another one.
    public var check: (@Sendable (inout PostgresConnection) async throws -> Bool)?

    /// Cleans the session of a connection that comes back, in place of the configuration's reset policy.
    ///
    /// It has `rollbackTimeout` for it. An error, or a transaction that it leaves open, closes the connection.
    public var reset: (@Sendable (inout PostgresConnection) async throws -> Void)?

    /// Gives user and password for each connect, in place of those in the configuration: for passwords that rotate
    /// and for tokens that expire.
    ///
    /// See `CachedCredentials` for tokens that are worth keeping for a while.
    public var credentials: (@Sendable (CredentialsRequest) async throws -> Credentials)?

    /// Hears of everything that happens in the engine, at once, in the task in which it happens; so it should be quick.
    public var onEvent: (@Sendable (EngineEvent) -> Void)?

    /// Where the engine writes warnings; `nil` (the default) is a logger with the label `vernal.engine`.
    public var logger: Logger?

    /// Hooks that do nothing.
    public init() {}
}
