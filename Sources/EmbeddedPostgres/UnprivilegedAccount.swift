import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// The account to run the server under when we are root, because PostgreSQL refuses to run as root.
struct UnprivilegedAccount: Sendable, Equatable {
    let userID: UInt32
    let groupID: UInt32

    /// `nil` when this process is not root; else `postgres` if there is such a user, or `nobody`.
    /// - Throws: ``EmbeddedPostgresError`` when we are root and there is neither.
    static func needed() async throws -> UnprivilegedAccount? {
        guard geteuid() == 0 else { return nil }
        let question = """
            for name in postgres nobody; do
                if id -u "$name" >/dev/null 2>&1; then
                    echo "$(id -u "$name") $(id -g "$name")"
                    exit 0
                fi
            done
            exit 1
            """
        let result = try await run(
            .path("/bin/sh"),
            arguments: ["-c", question],
            output: .string(limit: 4096),
            error: .discarded
        )
        let numbers = result.standardOutput.split { $0 == " " || $0 == "\n" }.compactMap { UInt32($0) }
        guard result.terminationStatus.isSuccess, numbers.count == 2, numbers[0] != 0 else {
            throw EmbeddedPostgresError(
                .startFailed,
                "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as"
            )
        }
        return UnprivilegedAccount(userID: numbers[0], groupID: numbers[1])
    }
}
