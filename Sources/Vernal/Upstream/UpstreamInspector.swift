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
        let timing = questions.contains(.clock) ? await askTheTime() : nil
        if questions.contains(.probe) {
            if watch.takesProbe() { await connection.probe() }
            await lookCloser()
        }
        let server = await serverFacts()
        let pooler = questions.contains(.poolerLimits) ? await poolerFacts() : nil
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
    private mutating func askTheTime() async -> UpstreamInspection.QueryTiming? {
        let question = "SELECT extract(epoch FROM pg_catalog.clock_timestamp())"
        let first = Moment.now
        guard await row(question, columns: 1) != nil else { return nil }
        let second = Moment.now
        let before = Date().timeIntervalSince1970
        guard let answer = await row(question, columns: 1), let time = Double(answer[0]) else { return nil }
        let after = Date().timeIntervalSince1970
        return UpstreamInspection.QueryTiming(
            first: second - first,
            second: .now - second,
            clockDifference: time - (before + after) / 2
        )
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
