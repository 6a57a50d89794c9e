import Foundation
import Subprocess
import Testing

/// How the tool behaves when it is used in the wrong way, or when nobody reads what it says.
@Suite struct `The command line` {
    static let commands = [
        "run", "storm", "invoke", "ps", "freeze", "thaw", "kill", "term", "fault", "postgres", "detect", "doctor",
        "advise",
    ]

    @Test(arguments: [
        // What is written, and what the answer has to name.
        (["nonsense"], "nonsense"), (["run"], "vernal run -- ./function"),
        (["run", "-n", "0", "--", "x"], "--environments"),
        (["run", "--listen", "nowhere", "--", "x"], "--listen"),
        (["run", "--timeout", "soon", "--", "x"], "--timeout"),
        (["run", "--build", "make", "--", "x"], "--watch"), (["storm"], "vernal storm -- ./function"),
        (["storm", "-n", "0", "--", "x"], "-n has to be"), (["storm", "--path", "x", "--", "x"], "--path"),
        (["storm", "--policy", "bold", "--", "x"], "naive"), (["invoke", "--data", "1", "--file", "f"], "not both"),
        (["invoke", "-n", "0"], "-n and -c"), (["invoke", "--event", "pigeon"], "sqs"),
        (["invoke", "--file", "/no/such/file"], "/no/such/file"), (["invoke", "--path", "x"], "'/'"),
        (["invoke", "--path", "/users"], "--event apigw-v2"),
        (["invoke", "--method", "POST", "--event", "sqs", "--path", "users"], "'/'"),
        (["ps", "--url", "nowhere"], "http://127.0.0.1:9000"), (["ps", "1"], "1"), (["freeze"], "<env>"),
        (["thaw", "one"], "<env>"), (["kill"], "<env>"), (["term", "1", "2"], "2"), (["fault"], "<fault>"),
        (["fault", "cut"], "vernal fault cut 1"), (["fault", "fill-slots", "1"], "whole server"),
        (["fault", "earthquake"], "cut"), (["postgres"], "vernal postgres -- COMMAND"),
        (["postgres", "--max-connections", "many", "--", "x"], "--max-connections"),
        (["detect"], "vernal detect postgres://"),
        (["detect", "--timeout", "0", "postgres://h/d"], "--timeout"), (["doctor"], "vernal doctor postgres://"),
        (["doctor", "postgres://h/d", "--engine", "x"], "not both"), (["advise"], "--max-connections 100"),
        (["advise", "--max-connections", "0"], "from 1 to"),
        (["advise", "--max-connections", "9", "-n", "0"], "--instances"),
        (["advise", "--max-connections", "9", "--requests", "1"], "--query-time"),
        (["advise", "--max-connections", "9", "--reserved", "9"], "--reserved"),
        (["advise", "--max-connections", "9", "--pooler", "pond"], "pgbouncer"),
        (["advise", "--max-connections", "9", "--pooler-clients", "9"], "--pooler"),
    ])
    func `says what is wrong and shows the right form`(arguments: [String], hint: String) async throws {
        let outcome = try await vernal(arguments)
        #expect(outcome.status == 64, "\(arguments): \(outcome.error)")
        #expect(outcome.error.hasPrefix("Error: "))
        #expect(outcome.error.contains(hint), "\(arguments): \(outcome.error)")
        #expect(outcome.error.contains("Usage: vernal"))
        #expect(outcome.output == "")
    }

    @Test(arguments: commands)
    func `documents the exit status of every command`(command: String) async throws {
        let help = try await vernal("help", command)
        #expect(help.status == 0)
        #expect(help.output.contains("exit status"), "\(command)")
    }

    @Test func `lists every command`() async throws {
        let help = try await vernal("--help").output
        for command in Self.commands { #expect(help.contains("\n  \(command) ")) }
    }

    @Test(arguments: [
        ["--help"], ["help", "run"], ["--generate-completion-script", "bash"],
        ["advise", "--max-connections", "100", "-n", "5"],
        ["advise", "--max-connections", "100", "--json"], ["doctor", "postgres://u@127.0.0.1:1/d"],
        ["postgres", "--", "sh", "-c", "trap 'exit 0' PIPE; yes"],
    ])
    func `says nothing when nobody reads`(arguments: [String]) async throws {
        // As a pipeline of a shell that tells of every end: a message would be on standard error.
        let result = try await run(
            .name("bash"),
            arguments: Arguments(["-c", #""$@" | :"#, "sh", tool] + arguments),
            environment: .inherit.updating(["DATABASE_URL": nil]),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        #expect(result.terminationStatus == .exited(0))
        #expect(result.standardError == "")
    }

    @Test func `says who could not be reached`() async throws {
        for command in [
            ["ps"], ["freeze", "1"], ["thaw", "1"], ["kill", "1"], ["term", "1"], ["fault", "free-slots"], ["invoke"],
        ] {
            let outcome = try await vernal(command + ["--url", "http://127.0.0.1:1"])
            #expect(outcome.status == 69, "\(command)")
            #expect(outcome.error.contains("127.0.0.1:1"), "\(command): \(outcome.error)")
        }
    }

    /// A web server that gives one answer to everything, and ends as the command does that asks it.
    private static let stranger = #"""
        import http.server, subprocess, sys, threading
        class Stranger(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(int(sys.argv[1]))
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"hello")
            do_POST = do_GET
            def log_message(self, *arguments): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.exit(subprocess.run(sys.argv[2:] + ["--url", f"http://127.0.0.1:{server.server_port}"]).returncode)
        """#

    @Test(arguments: [200, 404], [["ps"], ["ps", "--json"], ["freeze", "1"], ["fault", "free-slots"]])
    func `takes nobody else for the emulator`(status: Int, command: [String]) async throws {
        let result = try await run(
            .name("python3"),
            arguments: Arguments(["-c", Self.stranger, "\(status)", tool] + command),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        #expect(result.terminationStatus == .exited(69), "\(result.standardError)")
        #expect(result.standardError.contains("no emulator answers"))
        #expect(result.standardOutput == "")
    }
}
