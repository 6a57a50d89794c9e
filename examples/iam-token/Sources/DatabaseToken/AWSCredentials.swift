/// What requests to AWS are signed with.
public struct AWSCredentials: Sendable {
    let accessKeyID: String
    let secretAccessKey: String
    /// `nil` for the keys of a user, which nobody should have in a function.
    let sessionToken: String?

    /// Reads the variables that AWS Lambda sets for the role of a function.
    ///
    /// - Throws: `MissingCredentials` when one of them is not there.
    public init(environment: [String: String]) throws(MissingCredentials) {
        func variable(_ name: String) throws(MissingCredentials) -> String {
            guard let value = environment[name], !value.isEmpty else { throw MissingCredentials(variable: name) }
            return value
        }
        accessKeyID = try variable("AWS_ACCESS_KEY_ID")
        secretAccessKey = try variable("AWS_SECRET_ACCESS_KEY")
        sessionToken = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension AWSCredentials: CustomStringConvertible, CustomReflectable {
    /// Says nothing.
    public var description: String { "AWSCredentials" }
    /// Shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Nothing can be signed.
public struct MissingCredentials: Error, CustomStringConvertible {
    let variable: String

    /// Which variable is missing, and who sets it.
    public var description: String {
        "\(variable) is not set: on Lambda the role of the function sets it, elsewhere export the credentials of one"
    }
}
