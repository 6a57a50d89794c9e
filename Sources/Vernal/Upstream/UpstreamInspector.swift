internal import LibpqIO
internal import Moments
internal import PoolCore

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The questions of an inspection.
struct UpstreamInspector: ~Copyable {
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

    consuming func inspect(
        _ questions: UpstreamInspection.Questions,
        _ refused: [String]
    ) async throws(VernalError) -> UpstreamInspection {
        if let refusal = watch.connected(connection.link) { throw refusal }
        var timing: UpstreamInspection.QueryTiming?
        var failure: VernalError?
        if questions.contains(.clock) {
            do throws(VernalError) { timing = try await askTheTime() } catch { failure = error }
        }
        // Whoever did not answer the first question is not asked any other.
        let answers = failure == nil
        if answers, questions.contains(.probe) {
            if watch.takesProbe() { await connection.probe() }
            await lookCloser()
        }
        let server = answers ? await serverFacts() : nil
        let pooler = answers && questions.contains(.poolerLimits) ? await poolerFacts() : nil
        let (host, port) = (connection.link.host ?? "local", connection.link.port ?? 5432)
        var inspection = UpstreamInspection(
            watch.status,
            connection.parameterStatus("server_version"),
            "\(host):\(port)"
        )
        inspection.server = server
        inspection.pooler = pooler
        inspection.refusedParameters = refused
        inspection.tls = connection.link.tlsFacts
        inspection.isLocal = connection.link.localPort == nil
        inspection.timing = timing
        inspection.queryFailure = failure
        return inspection
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
        var marks = ConnectMarks()
        do throws(VernalError) {
            switch try await UpstreamInspection.connect(
                settings,
                configuration.connectTimeout,
                until: deadline,
                marks: &marks
            ) {
            case .failed(let error): watch.heard(error.server)
            case .connected: break
            case .interrupted: break
            }
        } catch {
            // Nothing is learnt.
        }
    }

    /// Asks the time twice: the first answer has a cold cache behind it, the second one measures the way.
    private mutating func askTheTime() async throws(VernalError) -> UpstreamInspection.QueryTiming {
        let first = Moment.now
        _ = try await serverTime()
        let second = Moment.now
        let before = Date().timeIntervalSince1970
        let time = try await serverTime()
        let after = Date().timeIntervalSince1970
        return UpstreamInspection.QueryTiming(
            first: second - first,
            second: .now - second,
            clockDifference: time - (before + after) / 2
        )
    }

    /// The server's clock, in seconds since 1970.
    private mutating func serverTime() async throws(VernalError) -> Double {
        do throws(LibpqError) {
            let result = try await connection.link.query(
                "SELECT extract(epoch FROM pg_catalog.clock_timestamp())",
                StatementParameters(),
                binary: false,
                until: deadline
            )
            if result.ntuples == 1, result.nfields == 1, let time = result.text(0).flatMap({ Double($0) }) {
                return time
            }
        } catch {
            watch.heard(error.server)
            throw VernalError(statement: error)
        }
        throw VernalError(.server, "the server was asked for the time, and its answer is none")
    }

    private mutating func serverFacts() async -> ServerFacts? {
        do throws(LibpqError) {
            let result = try await connection.link.query(
                ServerFacts.question,
                StatementParameters(),
                binary: false,
                until: deadline
            )
            return ServerFacts(result)
        } catch {
            watch.heard(error.server)
            return nil
        }
    }

    /// Asks a pooler for its limits, if it is one that tells those who may know.
    private mutating func poolerFacts() async -> PoolerFacts? {
        switch watch.status.kind {
        case UpstreamKind.pgpool.rawValue:
            guard let answer = await row("PGPOOL SHOW num_init_children", columns: 1) else { return nil }
            return PoolerFacts(clientLimit: Int(answer[0]), poolSize: Int(answer[0]))
        case UpstreamKind.pgbouncer.rawValue, UpstreamKind.unknownPooler.rawValue: return await askPgBouncer()
        default: return nil
        }
    }

    /// Asks PgBouncer's console, which only its operators may.
    private func askPgBouncer() async -> PoolerFacts? {
        var settings = configuration.settings
        settings["dbname"] = "pgbouncer"
        settings["options"] = nil
        var marks = ConnectMarks()
        do throws(VernalError) {
            switch try await UpstreamInspection.connect(
                settings,
                configuration.connectTimeout,
                until: deadline,
                marks: &marks
            ) {
            case .connected(var console):
                do throws(LibpqError) {
                    return PoolerFacts(config: try await console.simpleQuery("SHOW CONFIG", until: deadline))
                } catch {
                    return nil
                }
            case .failed: return nil
            case .interrupted: return nil
            }
        } catch {
            return nil
        }
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
