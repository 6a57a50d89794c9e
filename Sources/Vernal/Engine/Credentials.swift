internal import LibpqIO
internal import Moments
internal import Synchronization

/// Who one is to the database.
public struct Credentials: Sendable {
    /// The user; `nil` takes the configured one.
    public var user: String?
    /// The password, or a token that is used like one.
    public var password: String

    /// Makes credentials.
    public init(user: String? = nil, password: String) {
        self.user = user
        self.password = password
    }
}

extension Credentials: CustomStringConvertible, CustomReflectable {
    /// The user; never the password.
    public var description: String { "Credentials(user: \(user ?? "as configured"))" }
    /// Shows what `description` shows.
    public var customMirror: Mirror { Mirror(self, children: ["description": description], displayStyle: .struct) }
}

/// What credentials are wanted for.
public struct CredentialsRequest: Sendable {
    /// The host as it is configured; several are separated by commas; `nil` is libpq's default.
    public let host: String?
    /// The port as it is configured; `nil` is libpq's default.
    public let port: String?
    /// The configured user.
    public let user: String?
    /// Whether the server has just refused the last ones: a cache must not give them again.
    public let wereRefused: Bool
}

/// Credentials that are fetched once for a while: for tokens that live longer than a connect, such as those of IAM, which
/// live for 15 minutes.
///
/// ```swift
/// let cache = CachedCredentials(for: .seconds(600)) { request in
///     Credentials(password: try await makeToken(request.host, request.user))
/// }
/// hooks.credentials = cache.credentials
/// ```
public final class CachedCredentials: Sendable {
    private let lifetime: Duration
    private let fetch: @Sendable (CredentialsRequest) async throws -> Credentials
    private let cached = Mutex<(credentials: Credentials, end: Moment)?>(nil)

    /// Makes a cache.
    ///
    /// - Parameters:
    ///   - lifetime: For how long they are given again; it should be well below the life of the token.
    ///   - fetch: Gets new ones.
    public init(
        for lifetime: Duration,
        fetch: @escaping @Sendable (CredentialsRequest) async throws -> Credentials
    ) {
        self.lifetime = lifetime
        self.fetch = fetch
    }

    /// Gives the credentials that were fetched last, or new ones when they are too old or were refused.
    ///
    /// - Throws: what the fetch throws.
    @Sendable
    public func credentials(_ request: CredentialsRequest) async throws -> Credentials {
        if !request.wereRefused, let known = cached.withLock({ $0 }), .now < known.end { return known.credentials }
        let credentials = try await fetch(request)
        cached.withLock { $0 = (credentials, .now + lifetime) }
        return credentials
    }
}
