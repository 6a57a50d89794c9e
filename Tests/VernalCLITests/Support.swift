import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// What the tool printed and how it ended.
struct Outcome: Sendable {
    /// The exit status; 128 and the number of the signal that ended it.
    let status: Int32
    let output: String
    let error: String
}

/// Runs `vernal` to its end; of the variables to change, `nil` takes one away.
func vernal(_ arguments: [String], environment: [String: String?] = [:]) async throws -> Outcome {
    var changes: [Environment.Key: String?] = [
        "DATABASE_URL": nil, "PGHOST": nil, "PGHOSTADDR": nil, "PGSERVICE": nil,
    ]
    for (name, value) in environment { changes[.init(stringLiteral: name)] = value }
    let result = try await run(
        .path(FilePath(tool)),
        arguments: Arguments(arguments),
        environment: .inherit.updating(changes),
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    let status =
        switch result.terminationStatus {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    return Outcome(status: status, output: result.standardOutput, error: result.standardError)
}

func vernal(_ arguments: String...) async throws -> Outcome { try await vernal(arguments) }

/// The tool built beside these tests.
let tool: String = {
    let besideTests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "vernal").path
    if FileManager.default.isExecutableFile(atPath: besideTests) { return besideTests }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return root.appending(path: ".build/debug/vernal").path
}()
