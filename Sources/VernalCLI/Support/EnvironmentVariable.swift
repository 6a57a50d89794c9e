import ArgumentParser
import Foundation

/// `NAME=VALUE`, or `NAME` alone for the value that we have ourselves.
struct EnvironmentVariable: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        name = String(parts[0])
        guard Self.isName(name) else { return nil }
        if parts.count == 2 {
            value = String(parts[1])
        } else {
            guard let own = ProcessInfo.processInfo.environment[name] else { return nil }
            value = own
        }
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
        return text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_")
        }
    }
}

/// A file of variables: `NAME=VALUE` lines, `#` comments, an `export` before the name, quotes around the value.
enum EnvironmentFile {
    /// Reads the text of a file.
    ///
    /// - Throws: `ValidationError` that names the line that is wrong.
    static func parse(_ text: String, name: String) throws -> [String: String] {
        var variables: [String: String] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = String(line.dropFirst(7)) }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let variable = parts[0].trimmingCharacters(in: .whitespaces)
            guard parts.count == 2, EnvironmentVariable.isName(variable) else {
                // Not the line itself: it may be half of a password.
                throw ValidationError("\(name), line \(number + 1): write NAME=VALUE")
            }
            variables[variable] = unquoted(parts[1].trimmingCharacters(in: .whitespaces))
        }
        return variables
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, let quote = value.first, quote == value.last, quote == "\"" || quote == "'" else {
            return value
        }
        let inside = String(value.dropFirst().dropLast())
        return quote == "'" ? inside : inside.replacing("\\n", with: "\n").replacing("\\\"", with: "\"")
    }
}
