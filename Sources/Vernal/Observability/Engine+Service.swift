#if ServiceLifecycle
public import ServiceLifecycle

extension Engine: Service {
    /// Waits for the graceful shutdown of the program, and then disposes of the engine.
    ///
    /// An engine works without it, too; this is for programs whose services are shut down in order. It goes before the services that
    /// use the database in the list of the group, so that it is shut down after them.
    public func run() async throws {
        try await gracefulShutdown()
        await dispose()
    }
}
#endif
