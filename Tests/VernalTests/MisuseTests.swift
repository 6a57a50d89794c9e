import Foundation
import Testing

/// Mistakes with a borrowed connection that other pools find at run time, if at all.
///
/// The connection has one owner and is lent as `inout`; what follows from that is up to the compiler, so the compiler
/// is asked.
@Suite struct `The compiler refuses` {
    @Test func `nothing of what is right`() async throws {
        let complaints = try complaints(
            about: """
                let answer = try await engine.withConnection { connection in
                    try await connection.withTransaction { inner in
                        try await inner.query("SELECT 1").value(as: Int.self)
                    }
                }
                _ = answer
                """
        )
        #expect(complaints == "")
    }

    // Scenario 26.
    @Test func `keeping the connection for later`() async throws {
        let complaints = try complaints(
            about: """
                var kept: PostgresConnection?
                try await engine.withConnection { connection in kept = consume connection }
                _ = try await kept?.query("SELECT 1")
                """
        )
        #expect(complaints.contains("missing reinitialization of inout parameter 'connection' after consume"))
    }

    // Scenario 26.
    @Test func `handing the connection to a task that goes on`() async throws {
        let complaints = try complaints(
            about: """
                try await engine.withConnection { connection in
                    Task { _ = try await connection.query("SELECT 1") }
                }
                """
        )
        #expect(complaints.contains("escaping closure captures 'inout' parameter 'connection'"))
    }

    // Scenarios 25 and 27.
    @Test func `giving a connection back by hand`() async throws {
        let complaints = try complaints(
            about: "try await engine.withConnection { connection in await engine.release(connection) }"
        )
        #expect(complaints.contains("value of type 'Engine' has no member 'release'"))
    }

    @Test func `two statements at a time on one connection`() async throws {
        let complaints = try complaints(
            about: """
                try await engine.withConnection { connection in
                    async let one = connection.query("SELECT 1")
                    async let two = connection.query("SELECT 2")
                    _ = try await (one, two)
                }
                """
        )
        #expect(complaints.contains("error:"))
    }

    /// What the compiler says of a function with an engine.
    private func complaints(about body: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "misuse-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(path: "Misuse.swift")
        try "import Vernal\nfunc use(_ engine: Engine) async throws {\n\(body)\n}\n"
            .write(to: source, atomically: true, encoding: .utf8)
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        // The modules lie beside the program of the tests.
        let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        let task = products.appending(path: "CSwiftRuntime.build/module.modulemap").path
        let headers = try output(of: ["pkg-config", "--cflags", "libpq"]).split(whereSeparator: \.isWhitespace)
        return try output(
            of: [
                // Ownership is checked behind the types: a mere type check would find nothing.
                "swiftc", "-emit-sil", "-Onone", "-swift-version", "6", "-suppress-warnings",
                "-I", products.appending(path: "Modules").path, "-I", root.appending(path: "Sources/CLibpq").path,
                "-Xcc", "-fmodule-map-file=\(task)", "-o", folder.appending(path: "Misuse.sil").path, source.path,
            ] + headers.flatMap { ["-Xcc", String($0)] }
        )
    }

    /// Runs a program to its end.
    private func output(of command: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self)
    }
}
