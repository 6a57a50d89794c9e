/// Where in a program a connection was asked for.
public struct CallSite: Sendable, Hashable, CustomStringConvertible {
    private let file: StaticString
    /// The line.
    public let line: Int

    /// Names a place; the defaults are where this is written.
    public init(fileID: StaticString = #fileID, line: Int = #line) {
        file = fileID
        self.line = line
    }

    /// The module and the file, such as `UsersFunction/Routes.swift`.
    public var fileID: String { "\(file)" }

    /// `UsersFunction/Routes.swift:42`.
    public var description: String { "\(file):\(line)" }

    /// Whether two places are the same.
    public static func == (left: CallSite, right: CallSite) -> Bool {
        left.line == right.line && left.fileID == right.fileID
    }

    /// Hashes the file and the line.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(fileID)
        hasher.combine(line)
    }
}
