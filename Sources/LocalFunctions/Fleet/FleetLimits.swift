/// The numbers by which a fleet is run; the defaults are those of the platform, made smaller for one machine.
package struct FleetLimits: Sendable, Equatable {
    /// Which of several idle environments gets the next invocation.
    package enum Reuse: String, Sendable, CaseIterable {
        /// The one used last, as platforms do: the others get a chance to be reaped.
        case mostRecent = "most-recent"
        /// The one that has waited longest: every environment sees work, and every connection gets old.
        case leastRecent = "least-recent"
    }

    /// How an environment that is not needed any more ends.
    package enum Shutdown: String, Sendable, CaseIterable {
        /// SIGTERM and a grace if the function registered an extension, else as `kill`.
        case platform
        /// SIGKILL, without notice.
        case kill
        /// SIGTERM, and SIGKILL after the grace.
        case term
    }

    /// The most environments at a time; default 10.
    package var environments = 10
    /// How many invocations one environment gets at a time; default 1.
    package var concurrency = 1
    /// How long an invocation may take; default 3 s.
    package var timeout: Duration = .seconds(3)
    /// How long the first request for an invocation may take; default 10 s.
    package var initTimeout: Duration = .seconds(10)
    /// How long an environment may rest before it is reaped; default 5 min.
    package var idleAfter: Duration = .seconds(300)
    /// Default: most recent.
    package var reuse = Reuse.mostRecent
    /// Whether an environment is stopped in its tracks while it has nothing to do; default no.
    package var freezes = false
    /// Default: as the platform does.
    package var shutdown = Shutdown.platform
    /// What SIGTERM gives before SIGKILL; default 500 ms.
    package var grace: Duration = .milliseconds(500)
    /// Whether an invocation that passes its deadline leaves the environment alive, as where many share one process.
    package var survivesTimeout = false
    /// How long an invocation waits for an environment that has answered and is about to ask for more.
    ///
    /// A client that sends one request after the other would else meet an environment that is not back yet, and get a
    /// cold start; default 20 ms.
    package var settling: Duration = .milliseconds(20)
    /// How long an invocation waits for one of several that an environment can take at a time, and has not asked for yet; default 1 s.
    ///
    /// There is room for it, and a busy machine takes its time.
    package var settlingWithRoom: Duration = .seconds(1)

    package init() {}
}
