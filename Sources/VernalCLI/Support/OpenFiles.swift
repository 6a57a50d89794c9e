import ArgumentParser
import Foundation

/// The system's limit on files that a process may have open: every environment takes some.
enum OpenFiles {
    /// Listeners, connections, pipes and the process itself; with a relay to the database, its two sides too.
    private static func needed(_ environments: Int, withRelays: Bool) -> Int {
        environments * (withRelays ? 16 : 10) + 64
    }

    /// Explains before the start what would else be a mysterious failure in the middle.
    ///
    /// - Throws: `ValidationError` when the limit is too low for so many environments.
    static func check(environments: Int, withRelays: Bool) throws {
        let limit = sysconf(Int32(_SC_OPEN_MAX))
        let needed = needed(environments, withRelays: withRelays)
        guard limit > 0, limit < needed else { return }
        throw ValidationError(
            "\(environments) environments need about \(needed) open files, and the limit is \(limit): "
                + "run 'ulimit -n \(max(needed, 4096))' first, or ask for fewer."
        )
    }
}
