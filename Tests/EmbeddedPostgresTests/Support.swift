import EmbeddedPostgres
import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// What a program printed and how it ended.
struct Outcome: Sendable {
    let status: TerminationStatus
    let output: String
    let error: String
}

/// Runs a program of this machine to its end.
func command(_ name: String, _ arguments: String...) async throws -> Outcome {
    try await command([name] + arguments)
}

/// Runs a program of this machine, whose name comes first, to its end.
func command(_ words: [String]) async throws -> Outcome {
    let result = try await run(
        executable(words[0]),
        arguments: Arguments(Array(words.dropFirst())),
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    return Outcome(status: result.terminationStatus, output: result.standardOutput, error: result.standardError)
}

/// A program by its name or its path.
func executable(_ name: String) -> Executable {
    name.contains("/") ? .path(FilePath(name)) : .name(name)
}

/// Asks one question with `psql`, without alignment and headings.
func psql(_ url: String, _ sql: String) async throws -> Outcome {
    try await command("psql", "-X", "-A", "-t", "-c", sql, url)
}

/// The `vernal` tool built beside these tests.
var vernal: String {
    let besideTests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "vernal").path
    if FileManager.default.isExecutableFile(atPath: besideTests) { return besideTests }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return root.appending(path: ".build/debug/vernal").path
}

/// Everything of a server that is still there: its folder, its processes, the command beside it.
func remains(of directory: String, and processes: [String] = []) async throws -> [String] {
    var found = FileManager.default.fileExists(atPath: directory) ? [directory] : []
    let name = URL(filePath: directory).lastPathComponent
    let list = try await command("ps", "-A", "-o", "pid=,stat=,args=").output.split(separator: "\n")
    for line in list {
        let fields = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        // A process that has ended and that nobody has asked about yet (Z) holds nothing any more.
        guard fields.count == 3, !fields[1].hasPrefix("Z") else { continue }
        if line.contains(name) || processes.contains(String(fields[0])) { found.append(String(line)) }
    }
    return found
}

/// Waits, at most 15 s, until nothing is left; returns what still is.
func remainsInTheEnd(of directory: String, and processes: [String] = []) async throws -> [String] {
    let deadline = ContinuousClock.now + .seconds(15)
    while true {
        let found = try await remains(of: directory, and: processes)
        if found.isEmpty || ContinuousClock.now > deadline { return found }
        try await Task.sleep(for: .milliseconds(50))
    }
}

/// The System V shared memory segments with this key, which a server's `postmaster.pid` names in its seventh line.
func sharedMemory(withKeyIn postmasterFile: String) async throws -> [Substring] {
    let lines = postmasterFile.split(separator: "\n", omittingEmptySubsequences: false)
    let numbers = lines.dropFirst(6).first?.split(separator: " ") ?? []
    return try await command("ipcs", "-m").output.split(separator: "\n").filter { line in
        numbers.count == 2 && line.split(separator: " ").dropFirst().first == numbers[1]
    }
}
