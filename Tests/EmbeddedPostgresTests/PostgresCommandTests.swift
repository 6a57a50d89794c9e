import Foundation
import Subprocess
import Testing

/// The `vernal postgres` tool from outside, as the owner of a server that ends in every way a process can end.
@Suite(.serialized) struct PostgresCommandTests {
    @Test func `the command gets the address and its exit status comes back`() async throws {
        let script = #"for url in $DATABASE_URL $VERNAL_PG_SOCKET_URL; do psql -XAtc "SELECT 42" $url; done; exit 7"#
        let outcome = try await command(vernal, "postgres", "--", "sh", "-c", script)
        #expect(outcome.output == "42\n42\n")
        #expect(outcome.error == "")
        #expect(outcome.status == .exited(7))
    }

    @Test func `a command ended by a signal gives 128 and the signal`() async throws {
        let outcome = try await command(vernal, "postgres", "--", "sh", "-c", "kill -KILL $$")
        #expect(outcome.status == .exited(128 + 9))
    }

    @Test func `a command that is not there gives 127, one that cannot be run 126`() async throws {
        let missing = try await command(vernal, "postgres", "--", "no-such-command")
        #expect(missing.status == .exited(127))
        #expect(missing.error == "vernal: command not found: no-such-command\n")
        #expect(try await command(vernal, "postgres", "--", "/etc/passwd").status == .exited(126))
    }

    @Test(arguments: [["postgres"], ["postgres", "--"], ["postgres", "--set", "x", "--", "true"]])
    func `wrong usage gives 64 and the right form, and starts nothing`(arguments: [String]) async throws {
        let result = try await run(
            executable(vernal),
            arguments: Arguments(arguments),
            output: .discarded,
            error: .string(limit: 1 << 16)
        )
        #expect(result.terminationStatus == .exited(64))
        #expect(result.standardError.contains("vernal postgres [OPTIONS] -- COMMAND"))
    }

    /// `finish` is how a command with manners ends: it needs its database for that.
    @Test(arguments: [Signal.interrupt, .terminate, .terminalClosed])
    func `a signal is for the command, which ends first`(signal: Signal) async throws {
        let script = #"""
            finish() { psql -XAtc "SELECT 'finished'" "$DATABASE_URL"; exit 3; }
            trap finish INT TERM HUP
            echo "$VERNAL_PG_LOG"
            echo $$
            while :; do sleep 0.05; done
            """#
        let owner = try await owner(of: script, signal: signal)
        #expect(owner.status == .exited(3))
        #expect(owner.rest == ["finished"])
        #expect(try await remains(of: owner.directory, and: [owner.process]) == [])
    }

    @Test func `an owner that is killed leaves no process, no folder and no command`() async throws {
        let script = #"""
            echo "$VERNAL_PG_LOG"
            cat "${VERNAL_PG_LOG%/log}/data/postmaster.pid" >&2
            echo $$
            exec sleep 60 >/dev/null 2>&1
            """#
        let owner = try await owner(of: script, signal: .kill)
        #expect(owner.status == .signaled(9))
        #expect(try await remainsInTheEnd(of: owner.directory, and: [owner.process]) == [])
        #expect(try await sharedMemory(withKeyIn: owner.error) == [])
    }

    private struct Owner: Sendable {
        let status: TerminationStatus
        let directory: String
        let process: String
        let rest: [String]
        let error: String
    }

    /// Sends the tool a signal once the script has printed the server's log file and its own process identifier.
    private func owner(of script: String, signal: Signal) async throws -> Owner {
        let result = try await run(
            executable(vernal),
            arguments: ["postgres", "--", "sh", "-c", script],
            input: .none,
            output: .sequence,
            error: .string(limit: 1 << 16)
        ) { execution in
            var lines: [String] = []
            for try await line in execution.standardOutput.strings() {
                lines.append(line.trimmingCharacters(in: .newlines))
                if lines.count == 2 { try execution.send(signal: signal) }
            }
            return lines
        }
        let lines = result.closureResult
        try #require(lines.count >= 2)
        return Owner(
            status: result.terminationStatus,
            directory: URL(filePath: lines[0]).deletingLastPathComponent().path,
            process: lines[1],
            rest: Array(lines.dropFirst(2)),
            error: result.standardError
        )
    }
}
