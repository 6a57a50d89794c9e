import Foundation

/// What the path of an invoke request says.
package struct InvokeRequest: Sendable, Equatable {
    /// The function's name; every name is the same function.
    package let name: String
    /// The version or alias.
    package let qualifier: String?
    /// Whether the client reads the answer in pieces.
    package let isStreaming: Bool

    /// - Returns: `nil` when it is none.
    package init?(path: Substring, query: Substring) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[2] == "functions" else { return nil }
        switch (parts[1], parts[4]) {
        case ("2015-03-31", "invocations"): isStreaming = false
        case ("2021-11-15", "response-streaming-invocations"): isStreaming = true
        default: return nil
        }
        let full = parts[3].removingPercentEncoding ?? String(parts[3])
        let asked = HTTPEvent.parameters(query).first { $0.name == "Qualifier" }?.value
        let pieces = full.split(separator: ":").map(String.init)
        switch pieces.count {
        case 1: (name, qualifier) = (full, asked)
        case 2: (name, qualifier) = (pieces[0], asked ?? pieces[1])
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER], or without what is before the account.
        default:
            guard let index = pieces.firstIndex(of: "function"), index + 1 < pieces.count else { return nil }
            name = pieces[index + 1]
            qualifier = asked ?? (index + 2 < pieces.count ? pieces[index + 2] : nil)
        }
        guard !name.isEmpty else { return nil }
    }

    /// What the client is told has been run: a version stays one, and an alias leads to the only version there is.
    package var executedVersion: String {
        qualifier.flatMap { $0.allSatisfy(\.isNumber) ? $0 : nil } ?? "$LATEST"
    }
}
