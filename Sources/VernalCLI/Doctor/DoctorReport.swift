import LibpqIO
import Vernal

/// What `vernal doctor --json` prints.
struct DoctorReport: Encodable {
    /// `sound`, `advice` or `problem`.
    let verdict: String
    /// With which status the command ends when `--strict` is left out.
    let exitStatus: Int32
    let address: String
    let database: String?
    let user: String?
    let steps: [Step]
    let failure: Failure?
    let tls: TLSFacts?
    /// `full`, `chain` (but not the name) or `none`.
    let certificateCheck: String?
    let verification: String
    let channelBinding: String
    let upstream: UpstreamStatus?
    let nextQueryMs: Double?
    let clockDifferenceMs: Double?
    let server: ServerFacts?
    let pooler: PoolerFacts?
    let findings: [DoctorFinding]

    struct Step: Encodable {
        let name: DoctorFacts.Step
        let ms: Double
    }

    struct Failure: Encodable {
        let step: DoctorFacts.Step?
        let message: String
        let sqlState: String?
    }

    init(_ facts: DoctorFacts) {
        findings = facts.findings
        verdict =
            findings.contains { $0.level == .problem }
            ? "problem" : findings.contains { $0.level == .advice } ? "advice" : "sound"
        exitStatus = facts.failure?.status ?? 0
        address = facts.address
        database = facts.database
        user = facts.user
        steps = DoctorFacts.Step.allCases.compactMap { step in
            facts.times[step].map { Step(name: step, ms: Self.milliseconds($0)) }
        }
        failure = facts.failure.map { Failure(step: $0.step, message: $0.message, sqlState: $0.sqlState) }
        tls = facts.tls
        certificateCheck = facts.tls.map { _ in
            facts.verification == .isSet ? "full" : facts.checksChain ? "chain" : "none"
        }
        verification = Self.word(facts.verification)
        channelBinding = Self.word(facts.channelBinding)
        upstream = facts.inspection?.status
        nextQueryMs = facts.inspection?.timing.map { Self.milliseconds($0.second) }
        clockDifferenceMs = facts.inspection?.timing.map { Self.milliseconds(.seconds($0.clockDifference)) }
        server = facts.server
        pooler = facts.inspection?.pooler
    }

    private static func milliseconds(_ time: Duration) -> Double { ((time / .milliseconds(1)) * 100).rounded() / 100 }

    private static func word(_ trial: DoctorFacts.Trial) -> String {
        switch trial {
        case .notTried: "notTried"
        case .isSet: "isSet"
        case .passes: "passes"
        case .fails: "fails"
        }
    }
}
