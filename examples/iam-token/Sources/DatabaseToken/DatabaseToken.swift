import Foundation

/// Makes the tokens with which one logs in to Amazon RDS and Aurora in place of a password.
///
/// A token is the URL of a request `rds-db:connect` that is signed and never sent: nobody is asked for it, and it costs some
/// microseconds. The server looks at the signature, and takes the token for 15 minutes.
///
/// Source: Amazon RDS User Guide, "Connecting to your DB instance using IAM authentication"; AWS General Reference, "Create a
/// signed AWS API request" (Signature Version 4, authentication in the query string).
public struct DatabaseToken: Sendable {
    /// How long the server takes a token for.
    public static let lifetime = Duration.seconds(900)

    private let credentials: AWSCredentials
    private let region: String

    /// Makes a signer.
    ///
    /// - Parameters:
    ///   - credentials: Whose permission `rds-db:connect` counts.
    ///   - region: Where the database is, such as `eu-central-1`.
    public init(_ credentials: AWSCredentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// Makes the token for one user of one database.
    ///
    /// - Parameters:
    ///   - host: The endpoint as RDS names it; another name of the same machine makes another signature.
    ///   - port: Its port.
    ///   - user: The role of the database.
    ///   - date: The moment from which on it holds.
    /// - Returns: the token. It is a secret.
    public func sign(host: String, port: Int, user: String, at date: Date) -> String {
        let time = date.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
        let scope = "\(time.prefix(8))/\(region)/rds-db/aws4_request"
        var query = [
            ("Action", "connect"),
            ("DBUser", user),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"),
            ("X-Amz-Date", time),
            ("X-Amz-Expires", "\(Self.lifetime.components.seconds)"),
            ("X-Amz-SignedHeaders", "host"),
        ].map { Signature.escaped($0) + "=" + Signature.escaped($1) }
        if let token = credentials.sessionToken { query.append("X-Amz-Security-Token=\(Signature.escaped(token))") }
        // Method, path, query in order of its bytes, headers, their names, and the hash of the content, of which there is none.
        let request = [
            "GET", "/", query.sorted().joined(separator: "&"), "host:\(host.lowercased()):\(port)", "", "host",
            Signature.hash(""),
        ].joined(separator: "\n")
        let text = ["AWS4-HMAC-SHA256", time, scope, Signature.hash(request)].joined(separator: "\n")
        let signature = Signature.of(text, secret: credentials.secretAccessKey, scope: scope)
        return "\(host):\(port)/?\(query.joined(separator: "&"))&X-Amz-Signature=\(signature)"
    }
}
