internal import LibpqIO
internal import Synchronization

/// The engine of this process, made at the first call.
///
/// It never connects and never throws: a wrong configuration is an error of the function host's start, or of the first
/// use. The configuration is read from the environment, unless `configureEngine` has set one.
///
/// - Parameter name: The name of a further database: `getEngine("reports")` reads `DATABASE_URL_REPORTS`. `nil` is the
///   engine for `DATABASE_URL`.
/// - Returns: the engine, which is the same at every call.
public func getEngine(_ name: String? = nil) -> Engine {
    EngineRegistry.engine(name)
}

/// Sets the configuration of the engine that `getEngine` returns.
///
/// To be called before the first `getEngine`.
///
/// - Parameters:
///   - configuration: Where the database is, and the numbers of the pool.
///   - name: The name of a further database; `nil` is the engine without a name.
///   - hooks: What the program adds to the work of the engine.
/// - Throws: `VernalError` with the code `configuration` when a number is wrong, or when the engine exists already with
///   other settings: they would not have any effect.
public func configureEngine(
    _ configuration: EngineConfiguration,
    name: String? = nil,
    hooks: EngineHooks = EngineHooks()
) throws {
    try EngineRegistry.configure(configuration, name, hooks)
}

/// The engines of a process, by name.
enum EngineRegistry {
    private struct Engines: Sendable {
        /// The process that made them: a forked child makes its own.
        var generation = ForkGuard.generation
        /// Beside the table: the first one that a process makes costs it more than an acquire.
        var unnamed: Engine?
        var named: [String: Engine] = [:]

        mutating func existing(_ name: String?) -> Engine? {
            // A child that was forked shares no connection with its parent, and says nothing over those that it inherited.
            if ForkGuard.hasForked(since: generation) { self = Engines() }
            return if let name { named[name] } else { unnamed }
        }

        mutating func add(_ engine: Engine, _ name: String?) {
            if let name { named[name] = engine } else { unnamed = engine }
        }
    }

    /// What nearly every call is for, found without the lock.
    private struct Unnamed: Sendable {
        /// Held by `engines`, until a child that was forked lets go of it and makes another one.
        unowned let engine: Engine
        let generation: Int
    }

    private static let engines = Mutex(Engines())
    private static let unnamed = Unnamed(engine: engineUnderLock(nil), generation: ForkGuard.generation)

    static func engine(_ name: String?) -> Engine {
        name == nil && !ForkGuard.hasForked(since: unnamed.generation) ? unnamed.engine : engineUnderLock(name)
    }

    private static func engineUnderLock(_ name: String?) -> Engine {
        engines.withLock { engines in
            if let engine = engines.existing(name) { return engine }
            let engine = Engine(name: name, hooks: EngineHooks()) { () throws(VernalError) in
                try EngineConfiguration(environmentFor: name)
            }
            engines.add(engine, name)
            return engine
        }
    }

    static func configure(
        _ configuration: EngineConfiguration,
        _ name: String?,
        _ hooks: EngineHooks
    ) throws(VernalError) {
        try configuration.validate()
        let existing: Engine? = engines.withLock { engines in
            if let engine = engines.existing(name) { return engine }
            engines.add(Engine(name: name, hooks: hooks) { configuration }, name)
            return nil
        }
        guard let existing, existing.configuration != configuration else { return }
        throw VernalError(
            .configuration,
            "the engine\(name.map { " \"\($0)\"" } ?? "") exists already with other settings: "
                + "call configureEngine before the first getEngine"
        )
    }
}
