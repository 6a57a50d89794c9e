import Foundation
package import Vernal

/// The server that the tests share, from `DATABASE_URL`.
///
/// `Tests/run.sh` starts one for them.
package enum TestDatabase {
    /// The connection string.
    ///
    /// - Throws: when there is none: tests that need a server fail without one, they do not skip.
    package static var url: String {
        get throws {
            guard let url = ProcessInfo.processInfo.environment["DATABASE_URL"] else { throw Missing() }
            return url
        }
    }

    private struct Missing: Error, CustomStringConvertible {
        let description = "DATABASE_URL is not set: run ./Tests/run.sh, or swift test under `vernal postgres --`"
    }
}

/// An engine on the tests' server, with its own pool.
package func testEngine(
    _ change: (inout EngineConfiguration) -> Void = { _ in },
    _ hooks: EngineHooks = EngineHooks()
) throws -> Engine {
    var configuration = try EngineConfiguration(url: TestDatabase.url)
    configuration.connectRate = 1000
    if try TestWay.current == .ownThread { configuration.statementCacheSize = 0 }
    change(&configuration)
    return Engine(configuration: configuration, hooks: hooks)
}
