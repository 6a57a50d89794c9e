internal import LibpqIO
internal import Moments
internal import PoolCore

/// A look at an upstream, for `vernal detect`: one connection, which is closed afterwards.
package struct UpstreamInspection: Sendable {
    /// The verdict and what follows from it.
    package let status: UpstreamStatus
    /// The version that the server reports.
    package let serverVersion: String?
    /// Where the connection went, without secrets.
    package let address: String
    /// What the server says of its connection slots; `nil` when it was not asked or did not say.
    package private(set) var slots: Slots?
    /// What was left out of the startup packet, because the upstream refused it.
    package private(set) var refusedParameters: [String] = []

    /// The connection slots of a server.
    package struct Slots: Sendable, Hashable, Codable {
        /// `max_connections`.
        package let limit: Int
        /// How many of them are kept for administrators.
        package let reserved: Int
        /// How many are in use.
        package let used: Int
    }

    /// Connects and looks.
    ///
    /// - Parameters:
    ///   - configuration: where to.
    ///   - probe: whether to ask, too, and not only to look; on RDS Proxy nothing is asked that could pin it.
    ///   - timeout: how long all of it may take.
    /// - Returns: what was found.
    /// - Throws: `VernalError` when there is no connection to be had.
    package static func inspect(
        _ configuration: EngineConfiguration,
        probe: Bool,
        timeout: Duration
    ) async throws(VernalError) -> UpstreamInspection {
        try configuration.validate()
        var configuration = configuration
        configuration.probesUpstream = probe
        let watch = UpstreamWatch(configuration) { _ in }
        let deadline = Moment.now + timeout
        var refused: [String] = []
        var settings = watch.settings(configuration.settings)
        while true {
            switch try await connect(settings, configuration.connectTimeout, until: deadline) {
            case .connected(let link):
                let inspector = UpstreamInspector(link, watch, configuration, until: deadline)
                return try await inspector.inspect(probe: probe, refused)
            case .failed(let error):
                guard watch.learns(from: error, configuration.settings) else { throw VernalError(connect: error) }
                let kept = watch.settings(configuration.settings)
                refused += settings.values.keys.filter { kept[$0] == nil }
                settings = kept
            case .interrupted(_, let phase):
                throw VernalError(.timedOut, "no connection within \(timeout)") { $0.wait = VernalError.Wait(phase) }
            }
        }
    }

    fileprivate static func connect(
        _ settings: ConnectionSettings,
        _ timeout: Duration,
        until deadline: Moment
    ) async throws(VernalError) -> ConnectAttempt.Progress {
        do throws(LibpqError) {
            var attempt = try ConnectAttempt(settings, timeout: timeout)
            return await attempt.drive(until: deadline, waiter: .shared)
        } catch {
            throw VernalError(connect: error)
        }
    }

    fileprivate init(
        _ status: UpstreamStatus,
        _ version: String?,
        _ address: String,
        _ slots: Slots?,
        _ refused: [String]
    ) {
        self.status = status
        serverVersion = version
        self.address = address
        self.slots = slots
        refusedParameters = refused
    }
}

/// The questions of an inspection.
private struct UpstreamInspector: ~Copyable {
    private var connection: PostgresConnection
    private let watch: UpstreamWatch
    private let configuration: EngineConfiguration
    private let deadline: Moment

    init(
        _ link: consuming LibpqConnection,
        _ watch: UpstreamWatch,
        _ configuration: EngineConfiguration,
        until deadline: Moment
    ) {
        connection = PostgresConnection(link, id: .alone, rules: ConnectionRules(configuration, watch))
        self.watch = watch
        self.configuration = configuration
        self.deadline = deadline
    }

    consuming func inspect(probe: Bool, _ refused: [String]) async throws(VernalError) -> UpstreamInspection {
        if let refusal = watch.connected(connection.link) { throw refusal }
        if probe {
            if watch.takesProbe() { await connection.probe() }
            await lookCloser()
        }
        let slots = await slots()
        let (host, port) = (connection.link.host ?? "local", connection.link.port ?? 5432)
        return UpstreamInspection(
            watch.status,
            connection.parameterStatus("server_version"),
            "\(host):\(port)",
            slots,
            refused
        )
    }

    /// Asks what only some poolers answer.
    private mutating func lookCloser() async {
        switch watch.status.kind {
        case UpstreamKind.unknownPooler.rawValue: await offerStartupParameter()
        case UpstreamKind.direct.rawValue, UpstreamKind.pgpool.rawValue:
            // PostgreSQL knows no such parameter, and says so.
            if await isUnderstood("SHOW pool_version") {
                watch.found(
                    UpstreamSignal(.pgpool, mode: .session, confidence: 0.99, reason: "it answers SHOW pool_version")
                )
            }
        default: break
        }
    }

    /// Connects once more, with a parameter that PgBouncer and Neon refuse in words of their own.
    private func offerStartupParameter() async {
        var settings = configuration.settings
        settings["options"] = "-c vernal.detect=1"
        do throws(VernalError) {
            switch try await UpstreamInspection.connect(settings, configuration.connectTimeout, until: deadline) {
            case .failed(let error): watch.heard(error.server)
            case .connected: break
            case .interrupted: break
            }
        } catch {
            // Nothing is learnt.
        }
    }

    private mutating func slots() async -> UpstreamInspection.Slots? {
        let answer = await row(
            """
            SELECT pg_catalog.current_setting('max_connections'), \
            pg_catalog.current_setting('superuser_reserved_connections')::int \
            + coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int, \
            (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend')
            """,
            columns: 3
        )
        guard let answer, let limit = Int(answer[0]), let reserved = Int(answer[1]), let used = Int(answer[2]) else {
            return nil
        }
        return UpstreamInspection.Slots(limit: limit, reserved: reserved, used: used)
    }

    /// Whether a command is answered with anything but an error.
    private mutating func isUnderstood(_ text: String) async -> Bool {
        do throws(LibpqError) {
            try await connection.link.command(text, until: deadline)
            return true
        } catch {
            return false
        }
    }

    private mutating func row(_ text: String, columns: Int) async -> [String]? {
        do throws(LibpqError) {
            let result = try await connection.link.query(text, StatementParameters(), binary: false, until: deadline)
            guard result.nfields == columns else { return nil }
            let values = (0..<columns).compactMap { result.text($0) }
            return values.count == columns ? values : nil
        } catch {
            watch.heard(error.server)
            return nil
        }
    }
}
