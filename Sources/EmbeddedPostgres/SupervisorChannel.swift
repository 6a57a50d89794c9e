import Dispatch
import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// The two pipes to one supervisor; closing it, or the end of our process, makes the supervisor remove everything.
///
/// One exchange at a time runs on a private queue, because a reply takes as long as the server needs (the supervisor
/// bounds every wait of its own) and must not hold a thread of the concurrency pool.
final class SupervisorChannel: Sendable {
    private let commands: Pipe
    private let replies: Pipe
    private let queue = DispatchQueue(label: "vernal.embedded-postgres")

    private init() {
        commands = Pipe()
        replies = Pipe()
        for handle in [commands, replies].flatMap({ [$0.fileHandleForReading, $0.fileHandleForWriting] }) {
            // A child of ours that inherited the writing end would keep the server alive after us.
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// Starts a supervisor in a session of its own, where no Ctrl-C of a terminal reaches it.
    ///
    /// - Parameters:
    ///   - account: Whom to run it as; `nil` is ourselves.
    ///   - environment: All of the supervisor's environment.
    /// - Returns: The way to talk to it; its first line must be the password.
    /// - Throws: ``EmbeddedPostgresError`` when it could not be started.
    static func open(
        as account: UnprivilegedAccount?,
        environment: [String: String]
    ) async throws -> SupervisorChannel {
        let channel = SupervisorChannel()
        var platform = PlatformOptions()
        platform.createSession = true
        if let account {
            platform.userID = account.userID
            platform.groupID = account.groupID
            platform.supplementaryGroups = [account.groupID]
            // A change of user is told to all threads. A child that was forked while one of them was being made has it in its list
            // and waits for ever until it runs. A change to what we are already waits for them here, where they do run.
            _ = setgid(getgid())
        }
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment { variables[.init(stringLiteral: name)] = value }
        let result = try await run(
            .path("/bin/sh"),
            arguments: ["-c", SupervisorScript.launcher],
            environment: .custom(variables),
            workingDirectory: "/",
            platformOptions: platform,
            input: .fileDescriptor(
                FileDescriptor(rawValue: channel.commands.fileHandleForReading.fileDescriptor),
                closeAfterSpawningProcess: false
            ),
            output: .fileDescriptor(
                FileDescriptor(rawValue: channel.replies.fileHandleForWriting.fileDescriptor),
                closeAfterSpawningProcess: false
            ),
            error: .string(limit: 64 * 1024)
        )
        guard result.terminationStatus.isSuccess else {
            throw EmbeddedPostgresError(
                .startFailed,
                "No folder could be made for the server in TMPDIR or /tmp. \(result.standardError)"
            )
        }
        // From here on only the supervisor can write replies, so its death is an end of file for us. The reading end
        // of the commands stays open here on purpose: writing to a dead supervisor then does not raise SIGPIPE.
        try channel.replies.fileHandleForWriting.close()
        return channel
    }

    /// Sends a line and waits for its reply; calls wait for each other.
    ///
    /// - Parameters:
    ///   - line: The password at first, afterwards a command.
    ///   - code: The code of the error to throw when the supervisor could not do it.
    /// - Returns: The lines of the reply, the first of which is `ok`.
    /// - Throws: ``EmbeddedPostgresError`` with the supervisor's words after `failed`.
    func exchange(_ line: String, failure code: EmbeddedPostgresError.Code) async throws -> [Substring] {
        let reply = try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.exchangeNow(line) }) }
        }
        let lines = reply.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.first == "ok" { return lines }
        throw EmbeddedPostgresError(code, String(reply.drop { $0 != " " }.dropFirst()))
    }

    /// Waits until the supervisor has ended, after it was told to remove everything.
    func awaitEnd() async {
        await withCheckedContinuation { continuation in
            queue.async {
                while let rest = try? self.replies.fileHandleForReading.read(upToCount: 64), !rest.isEmpty {}
                continuation.resume()
            }
        }
    }

    private func exchangeNow(_ line: String) throws -> String {
        try commands.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
        guard let length = Int(try receive(8)) else {
            throw EmbeddedPostgresError(.controlFailed, "The supervisor of the server gave no proper reply")
        }
        return try receive(length)
    }

    private func receive(_ count: Int) throws -> String {
        var received = Data()
        while received.count < count {
            let more = try replies.fileHandleForReading.read(upToCount: count - received.count) ?? Data()
            guard !more.isEmpty else {
                throw EmbeddedPostgresError(.removed, "The server is gone: it was removed, or its supervisor was ended")
            }
            received.append(more)
        }
        return String(decoding: received, as: UTF8.self)
    }
}
