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
        facts.isSocket = host.hasPrefix("/") || host.hasPrefix("@")
        facts.isNear = facts.isSocket || ["localhost", "::1"].contains(host) || host.hasPrefix("127.")

        var marks = ConnectMarks()
        do throws(VernalError) {
            let inspection = try await UpstreamInspection.inspect(
                configuration,
                asking: triesStricter ? [.probe, .poolerLimits, .clock] : .clock,
                timeout: timeout,
                marks: &marks
            )
            facts.inspection = inspection
            facts.tls = inspection.tls
            facts.isSocket = inspection.isLocal
            facts.times = Self.times(marks)
            facts.times[.query] = inspection.timing?.first
            if inspection.tls != nil { await tryStricter(settings, &facts) }
        } catch {
            facts.times = Self.times(marks)
            facts.failure = Self.failure(error, in: marks)
        }
        return facts
    }

    private func tryStricter(_ settings: ConnectionSettings, _ facts: inout DoctorFacts) async {
        if settings["sslmode"] == "verify-full" {
            facts.verification = .isSet
        } else if triesStricter {
            facts.verification = await trial(["sslmode": "verify-full"])
        }
        if settings["channel_binding"] == "require" {
            facts.channelBinding = .isSet
        } else if triesStricter {
            facts.channelBinding = await trial(["channel_binding": "require"])
        }
    }

    private func trial(_ changes: [String: String]) async -> DoctorFacts.Trial {
        let reason = await UpstreamInspection.trial(configuration, changing: changes, timeout: timeout)
        return reason.map { .fails($0) } ?? .passes
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
