#if RedisAdmission
import Foundation
import VernalTestKit

#if canImport(Glibc)
import Glibc
#endif

/// A Redis of the tests' own, on a free port, which ends with this process.
final class RedisServer: Sendable {
    let port: Int
    let folder: URL
    private let process: Process
    private let input: Pipe
    let pid: Int32

    /// Starts a server and stops it when `body` is done.
    static func run<R>(
        _ options: [String] = [],
        port: Int? = nil,
        certificates: Bool = false,
        _ body: (RedisServer) async throws -> R
    ) async throws -> R {
        let chosen = if let port { port } else { try await freePort() }
        let server = try await RedisServer(options, port: chosen, certificates: certificates)
        defer { server.stop() }
        return try await body(server)
    }

    private init(_ options: [String], port: Int, certificates: Bool) async throws {
        self.port = port
        folder = FileManager.default.temporaryDirectory.appending(path: "vernal-redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        var options = options
        if certificates {
            try Self.shell(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
                """,
                in: folder
            )
            options += ["--tls-port", String(port), "--port", "0", "--tls-auth-clients", "no"]
            options += ["--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem"]
        } else {
            options += ["--port", String(port)]
        }
        // Redis needs no root, so it does not get it. The shell ends it when its standard input does, whatever happens
        // to us.
        let script = """
            cd "$1" && shift
            drop=
            if [ "$(id -u)" = 0 ]; then
                chown -R nobody .
                drop="setpriv --reuid=nobody --regid=nogroup --clear-groups"
            fi
            $drop redis-server --bind 127.0.0.1 --save '' --appendonly no --dir . "$@" >log 2>&1 </dev/null &
            echo $!
            read -r _
            kill -CONT $! 2>/dev/null
            kill -KILL $! 2>/dev/null
            wait
            """
        process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script, "sh", folder.path] + options
        let output = Pipe()
        input = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        pid = Int32(line.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        let deadline = ContinuousClock.now + .seconds(10)
        while !Self.isReady(folder) {
            guard ContinuousClock.now < deadline else {
                stop()
                throw RedisDidNotStart()
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func isReady(_ folder: URL) -> Bool {
        let log = FileManager.default.contents(atPath: folder.appending(path: "log").path) ?? Data()
        return String(decoding: log, as: UTF8.self).contains("Ready to accept connections")
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Lets it do nothing, as if its machine were too busy.
    func suspend() { kill(pid, SIGSTOP) }

    func resume() { kill(pid, SIGCONT) }

    /// What Redis says to a command.
    @discardableResult
    func command(_ words: String...) throws -> String {
        try Self.shell("redis-cli -p \(port) \"$@\"", words, in: folder)
    }

    var url: String { "redis://127.0.0.1:\(port)" }

    @discardableResult
    private static func shell(_ script: String, _ arguments: [String] = [], in folder: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script, "sh"] + arguments
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

private struct RedisDidNotStart: Error {}

#endif
