/// A failure to find, start or control the embedded server; the text says what to do about it.
package struct EmbeddedPostgresError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code that has to tell the cases apart.
    package enum Code: Sendable, Hashable {
        /// No `initdb` and `postgres` were found.
        case serverNotInstalled
        /// An option cannot be written into the server's configuration.
        case invalidOption
        /// The cluster could not be made or the server did not start.
        case startFailed
        /// The server did not do what it was told after it had started.
        case controlFailed
        /// The server's files are gone: it was removed, or its supervisor died.
        case removed
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
