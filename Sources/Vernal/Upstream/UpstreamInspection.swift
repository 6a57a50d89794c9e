package import LibpqIO
package import Moments
internal import PoolCore

/// A look at an upstream, for `vernal detect` and its like: one connection, which is closed afterwards.
package struct UpstreamInspection: Sendable {
    /// The verdict and what follows from it.
    package let status: UpstreamStatus
    /// The version that the server reports.
    package let serverVersion: String?
    /// Where the connection went, without secrets.
    package let address: String
    /// What the server says of its limits and their use; `nil` when it did not say.
    package internal(set) var server: ServerFacts?
    /// What the pooler says of its limits; `nil` when it was not asked or did not say.
    package internal(set) var pooler: PoolerFacts?
    /// What was left out of the startup packet, because the upstream refused it.
    package internal(set) var refusedParameters: [String] = []
    /// How the connection is encrypted; `nil` when it is not.
    package internal(set) var tls: TLSFacts?
    /// Whether the connection went through a socket in the file system.
    package internal(set) var isLocal = false
    /// How long two questions took, and what the server's clock said; `nil` when it did not answer.
    package internal(set) var timing: QueryTiming?
    /// Why the first question got no answer, though the login was accepted; `nil` when it got one or was not asked.
    package internal(set) var queryFailure: VernalError?

    /// Whether that was for want of room, or because the server was not ready: it may pass.
    package var isBusy: Bool {
        guard let queryFailure else { return false }
        return queryFailure.isOverload || queryFailure.sqlState?.rawValue == "57P03"
    }

    /// How long a server took to answer.
    package struct QueryTiming: Sendable, Hashable {
        /// The first question of the connection.
        package let first: Duration
        /// The same question once more.
        package let second: Duration
        /// The server's clock less ours, in seconds, known to half of `second`.
        package let clockDifference: Double
    }

    /// What is asked, beside a look at what arrives anyway.
    package struct Questions: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// The backend, who it is; on RDS Proxy nothing is asked that could pin it.
        package static let probe = Questions(rawValue: 1)
        /// A pooler, for its limits, at its console where it has one.
        package static let poolerLimits = Questions(rawValue: 2)
        /// The time.
        package static let clock = Questions(rawValue: 4)
    }

    /// The connection slots of a server.
    package struct Slots: Sendable, Hashable, Codable {
        /// `max_connections`.
        package let limit: Int
        /// How many of them are kept for administrators.
        package let reserved: Int
        /// How many are in use.
        package let used: Int
    }

    /// The connection slots; `nil` when the server did not say.
    package var slots: Slots? {
        server.map { Slots(limit: $0.maxConnections, reserved: $0.reserved, used: $0.used) }
    }

    /// Connects and looks.
    ///
    /// - Parameters:
    ///   - configuration: where to.
    ///   - questions: what is asked, too.
    ///   - timeout: how long all of it may take.
    /// - Returns: what was found.
    /// - Throws: `VernalError` when there is no connection to be had.
    package static func inspect(
        _ configuration: EngineConfiguration,
        asking questions: Questions,
        timeout: Duration
    ) async throws(VernalError) -> UpstreamInspection {
        var marks = ConnectMarks()
        return try await inspect(configuration, asking: questions, until: Moment.now + timeout, marks: &marks)
    }

    /// Connects and looks, and puts into `marks` when each step of the connect was done, also of one that failed.
    package static func inspect(
        _ configuration: EngineConfiguration,
        asking questions: Questions,
        until deadline: Moment,
        marks: inout ConnectMarks
    ) async throws(VernalError) -> UpstreamInspection {
        try configuration.validate()
        var configuration = configuration
        configuration.probesUpstream = questions.contains(.probe)
        let watch = UpstreamWatch(configuration) { _ in }
        var refused: [String] = []
        var settings = watch.settings(configuration.settings)
        while true {
            switch try await connect(settings, configuration.connectTimeout, until: deadline, marks: &marks) {
            case .connected(let link):
                let inspector = UpstreamInspector(link, watch, configuration, until: deadline)
                return try await inspector.inspect(questions, refused)
            case .failed(let error):
                guard watch.learns(from: error, configuration.settings) else { throw VernalError(connect: error) }
                let kept = watch.settings(configuration.settings)
                refused += settings.keywords.filter { kept[$0] == nil }
                settings = kept
            case .interrupted(_, let phase):
                throw VernalError(.timedOut, "no connection in the time that was given") {
                    $0.wait = VernalError.Wait(phase)
                }
            }
        }
    }

    static func connect(
        _ settings: ConnectionSettings,
        _ timeout: Duration,
        until deadline: Moment,
        marks: inout ConnectMarks
    ) async throws(VernalError) -> ConnectAttempt.Progress {
        do throws(LibpqError) {
            var attempt = try ConnectAttempt(settings, timeout: timeout)
            let progress = await attempt.drive(until: deadline, waiter: .shared)
            marks = attempt.marks
            return progress
        } catch {
            throw VernalError(connect: error)
        }
    }

    /// How a connect with other settings went.
    package enum Trial: Sendable {
        case passes
        /// With the reason, without secrets.
        case fails(String)
        /// Nothing is known: the deadline passed.
        case isLate
    }

    /// Tries whether a connection can be made with some settings changed; nothing is asked over it.
    package static func trial(
        _ configuration: EngineConfiguration,
        changing changes: [String: String],
        until deadline: Moment
    ) async -> Trial {
        var settings = configuration.settings
        for (keyword, value) in changes { settings[keyword] = value }
        var marks = ConnectMarks()
        do throws(VernalError) {
            let limit = configuration.connectTimeout
            switch try await connect(settings, limit, until: deadline, marks: &marks) {
            case .connected: return .passes
            case .failed(let error): return .fails(VernalError(connect: error).description)
            case .interrupted: return .isLate
            }
        } catch {
            return .fails(error.description)
        }
    }

    init(_ status: UpstreamStatus, _ version: String?, _ address: String) {
        self.status = status
        serverVersion = version
        self.address = address
    }
}
