/// What `vernal advise --json` prints.
struct SizingReport: Encodable {
    let isSound: Bool
    let fits: Bool
    let poolSize: Int
    let connections: Int
    let binding: SizingRule.Name
    let rules: [SizingRule]
    let scaleOut: SizingAdvice.ScaleOut
    let pooler: Pooler
    let shortage: Int
    let settings: SizingSettings
    let server: Server

    struct Pooler: Encodable {
        /// `notNeeded`, `present` or `recommended`.
        let verdict: String
        let kind: String?
        let reason: String?
        let poolSize: Int?
        let clients: Int?
    }

    struct Server: Encodable {
        let maxConnections: Int
        let reserved: Int
        let usedByOthers: Int?
        let available: Int
        let roleLimit: Int?
        let databaseLimit: Int?
    }

    init(_ advice: SizingAdvice) {
        let question = advice.question
        isSound = advice.isSound
        fits = advice.fits
        poolSize = advice.size
        connections = advice.size * question.instances
        binding = advice.binding.name
        rules = advice.rules
        scaleOut = advice.scaleOut
        shortage = advice.shortage ?? 0
        settings = SizingSettings(advice)
        pooler =
            switch advice.pooler {
            case .notNeeded: Pooler(verdict: "notNeeded", kind: nil, reason: nil, poolSize: nil, clients: nil)
            case .present:
                Pooler(
                    verdict: "present",
                    kind: question.pooler?.kind,
                    reason: nil,
                    poolSize: question.pooler?.poolSize,
                    clients: question.pooler?.clientLimit
                )
            case .recommended(let reason, let size, let clients):
                Pooler(verdict: "recommended", kind: nil, reason: reason, poolSize: size, clients: clients)
            }
        server = Server(
            maxConnections: question.maxConnections,
            reserved: question.reserved,
            usedByOthers: question.usedByOthers,
            available: question.available,
            roleLimit: question.roleLimit,
            databaseLimit: question.databaseLimit
        )
    }
}
