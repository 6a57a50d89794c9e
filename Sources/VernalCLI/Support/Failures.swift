import ArgumentParser
import EmbeddedPostgres
import LocalFunctions

/// What is said when something cannot be done, and the exit status for it.
enum Failures {
    /// Runs a command's work and turns known errors into a line on standard error and an exit status.
    ///
    /// 64 for wrong usage, 66 for a program that cannot be run, 69 for a server that is not there.
    static func explained(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error as EmbeddedPostgresError {
            standardError("vernal: \(error)")
            throw error.code == .invalidOption ? ExitCode.validationFailure : ExitCode(69)
        } catch let error as LocalFunctionsError {
            standardError("vernal: \(error)")
            if case .notAProgram = error { throw ExitCode(66) }
            throw ExitCode(69)
        }
    }
}
