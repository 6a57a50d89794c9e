import Foundation

/// The function's program and what it is given.
package struct FunctionProgram: Sendable, Equatable {
    /// The program's path.
    package let path: String
    package let arguments: [String]
    /// Variables on top of ours.
    package var environment: [String: String] = [:]

    /// Finds the program as a shell would.
    ///
    /// - Parameters:
    ///   - command: The program and its arguments.
    ///   - searchPath: Where programs without a slash are looked for.
    /// - Throws: `LocalFunctionsError` that says what is wrong with it.
    package init(
        command: [String],
        searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
    ) throws(LocalFunctionsError) {
        guard let name = command.first, !name.isEmpty else {
            throw .notAProgram("the function's program is missing: write it after '--'")
        }
        arguments = Array(command.dropFirst())
        let files = FileManager.default
        if !name.contains("/") {
            let found = searchPath.split(separator: ":").map { "\($0)/\(name)" }
                .first { files.isExecutableFile(atPath: $0) && !Self.isFolder($0) }
            if let found {
                path = found
                return
            }
            throw .notAProgram(
                files.fileExists(atPath: name)
                    ? "\(name) is not in PATH; write ./\(name) for the file in this folder"
                    : "there is no program \(name) in PATH"
            )
        }
        guard files.fileExists(atPath: name) else {
            throw .notAProgram("there is no file \(name); build it first, or correct the path")
        }
        if Self.isFolder(name) { throw .notAProgram("\(name) is a folder; name the program in it") }
        guard files.isExecutableFile(atPath: name) else {
            throw .notAProgram("\(name) is not executable; run: chmod +x \(name)")
        }
        path = URL(filePath: name).standardizedFileURL.path
    }

    private static func isFolder(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType == .typeDirectory
    }

    /// The folder that the program is in, which is where it is run.
    package var folder: String { URL(filePath: path).deletingLastPathComponent().path }

    /// The name by which the function goes when it was given none.
    package var name: String { URL(filePath: path).deletingPathExtension().lastPathComponent }
}
