/// An execution environment: one process with one runtime API of its own.
package struct EnvironmentID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let rawValue: Int

    package init(_ rawValue: Int) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { String(rawValue) }
}

/// An invocation, by the request identifier that client and function see.
package struct InvocationID: Sendable, Hashable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }
}

/// One request for the next invocation that waits for its answer.
package struct PollID: Sendable, Hashable {
    package let rawValue: Int

    package init(_ rawValue: Int) { self.rawValue = rawValue }
}
