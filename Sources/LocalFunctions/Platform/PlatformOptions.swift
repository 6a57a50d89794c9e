/// How functions are run.
package struct FunctionPlatformOptions: Sendable {
    /// How the function is spoken to.
    package enum Mode: String, Sendable, CaseIterable {
        /// Over the Lambda runtime API.
        case lambda
        /// Over HTTP, at the port in its variable `PORT`.
        case http
    }

    package var limits = FleetLimits()
    package var mode = Mode.lambda
    package var program: FunctionProgram
    package var identity = FunctionIdentity()
    /// How long an invocation may wait when all environments are busy; default 0: it is refused.
    package var patience: Duration = .zero
    /// How often an event that fails is tried again; default 2, as the platform does.
    package var eventRetries = 2
    /// The pause before the first of these; before the second it is twice as long.
    ///
    /// Default 1 min, as the platform's.
    package var eventRetryPause: Duration = .seconds(60)
    /// Whether a process that uses more than its memory is killed.
    package var enforcesMemory = true
    /// Adds variables for one environment.
    package var variables: @Sendable (EnvironmentID) -> [String: String] = { _ in [:] }
    /// Where each environment's relay goes to; `nil` for none.
    package var relayTarget: RelayTarget?
    /// Makes of a relay's port what the environment is told.
    package var relayVariables: @Sendable (_ port: Int) -> [String: String] = { _ in [:] }
    /// Whether each invocation's memory is looked up for its report.
    package var reportsMemory = true
    /// Hears what happens.
    package var observe: @Sendable (PlatformEvent) -> Void = { _ in }

    package init(program: FunctionProgram) {
        self.program = program
    }
}
