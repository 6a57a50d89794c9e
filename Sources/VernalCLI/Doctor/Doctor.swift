import Foundation
import LibpqIO
import Moments
import Vernal

/// Makes the connection and finds out all there is to find out.
struct Doctor {
    let configuration: EngineConfiguration
    let timeout: Duration
    /// Whether to connect again with stricter settings, to see whether they would do.
    let triesStricter: Bool

    func examine() async -> DoctorFacts {
        let deadline = Moment.now + timeout
        var facts = DoctorFacts(now: Date().timeIntervalSince1970, address: "")
        facts.pool = configuration
        let settings: ConnectionSettings
        do throws(LibpqError) {
            settings = try configuration.settings.completed()
        } catch {
            facts.failure = .init(message: error.message)
            return facts
        }
        let host = settings["host"] ?? settings["hostaddr"] ?? "localhost"
        facts.address = "\(host):\(settings["port"] ?? "5432")"
        facts.database = settings["dbname"]
        facts.user = settings["user"]
        facts.sslMode = settings["sslmode"] ?? "prefer"
        facts.checksChain = Self.checksChain(settings)
        facts.isSocket = host.hasPrefix("/") || host.hasPrefix("@")
        facts.isNear = facts.isSocket || ["localhost", "::1"].contains(host) || host.hasPrefix("127.")

        var marks = ConnectMarks()
        do throws(VernalError) {
            let inspection = try await UpstreamInspection.inspect(
                configuration,
                asking: triesStricter ? [.probe, .poolerLimits, .clock] : .clock,
                until: deadline,
                marks: &marks
            )
            facts.inspection = inspection
            facts.tls = inspection.tls
            facts.isSocket = inspection.isLocal
            facts.times = Self.times(marks)
            facts.times[.query] = inspection.timing?.first
            facts.failure = Self.failure(of: inspection)
            if inspection.tls != nil { await tryStricter(settings, &facts, until: deadline) }
        } catch {
            facts.times = Self.times(marks)
            facts.failure = Self.failure(error, in: marks)
        }
        return facts
    }

    private func tryStricter(
        _ settings: ConnectionSettings,
        _ facts: inout DoctorFacts,
        until deadline: Moment
    ) async {
        let triesStricter = triesStricter && facts.failure == nil
        if settings["sslmode"] == "verify-full" {
            facts.verification = .isSet
        } else if triesStricter {
            facts.verification = await trial(["sslmode": "verify-full"], until: deadline)
        }
        if settings["channel_binding"] == "require" {
            facts.channelBinding = .isSet
        } else if triesStricter {
            facts.channelBinding = await trial(["channel_binding": "require"], until: deadline)
        }
    }

    private func trial(_ changes: [String: String], until deadline: Moment) async -> DoctorFacts.Trial {
        switch await UpstreamInspection.trial(configuration, changing: changes, until: deadline) {
        case .passes: .passes
        case .fails(let reason): .fails(reason)
        case .isLate: .notTried
        }
    }

    /// Whether libpq looks at who has signed the certificate, and not at the name in it.
    ///
    /// With `require` it does so where it finds the authorities' certificates.
    private static func checksChain(_ settings: ConnectionSettings) -> Bool {
        switch settings["sslmode"] {
        case "verify-ca": return true
        case "require":
            let home = FileManager.default.homeDirectoryForCurrentUser.path
            let named = settings["sslrootcert"].flatMap { $0.isEmpty ? nil : $0 }
            return FileManager.default.fileExists(atPath: named ?? "\(home)/.postgresql/root.crt")
        default: return false
        }
    }

    /// How long each step took that was done.
    private static func times(_ marks: ConnectMarks) -> [DoctorFacts.Step: Duration] {
        var times: [DoctorFacts.Step: Duration] = [:]
        func take(_ step: DoctorFacts.Step, from begin: Moment?, to end: Moment?) {
            if let begin, let end { times[step] = end - begin }
        }
        take(.name, from: marks.begun, to: marks.resolved)
        take(.transport, from: marks.started, to: marks.accepted)
        take(.tls, from: marks.accepted, to: marks.encrypted)
        take(.authentication, from: marks.encrypted ?? marks.accepted, to: marks.connected)
        return times
    }

    /// Why the first question was not answered, if it was not: a pooler may accept the login in front of a dead server.
    private static func failure(of inspection: UpstreamInspection) -> DoctorFacts.Failure? {
        guard let error = inspection.queryFailure else { return nil }
        var failure = DoctorFacts.Failure(
            step: .query,
            message: "the login was accepted, and the first query failed: \(error.description)"
        )
        failure.sqlState = error.sqlState?.rawValue
        failure.passes = inspection.isBusy
        failure.isLogin = error.sqlState.map { ["28", "3D"].contains($0.errorClass) } ?? false
        return failure
    }

    private static func failure(_ error: VernalError, in marks: ConnectMarks) -> DoctorFacts.Failure {
        let step: DoctorFacts.Step? =
            switch marks.phase {
            case _ where error.code == .configuration: nil
            case .nameResolution: .name
            case .transport: .transport
            case .tls: .tls
            case .authentication: .authentication
            }
        var failure = DoctorFacts.Failure(step: step, message: error.description)
        failure.sqlState = error.sqlState?.rawValue
        failure.passes = error.isRetryable
        failure.isLogin = error.code == .authenticationFailed
        return failure
    }
}
