/// How large pools should be, and what follows from that: a value made of what is known, and of nothing else.
struct SizingAdvice: Equatable {
    let question: SizingQuestion
    /// What each rule says.
    let rules: [SizingRule]
    /// Which of them decides.
    let binding: SizingRule
    /// Connections of one instance, at least one.
    let size: Int
    let scaleOut: ScaleOut
    let pooler: PoolerAdvice

    /// What happens when there are more instances.
    struct ScaleOut: Equatable, Encodable {
        enum Outcome: String, Encodable {
            /// Within the headroom.
            case fits
            /// The slots suffice, but others, deployments and administrators get none of what is left.
            case beyondHeadroom
            /// Connects are refused.
            case refused
        }

        /// How many instances there are then.
        let instances: Int
        /// How many connections they open.
        let connections: Int
        let outcome: Outcome
        /// The first instance that is refused; `nil` when none is.
        let firstRefused: Int?
        /// How many instances the headroom is enough for; `nil` when nothing limits them that is known.
        let mostInstances: Int?
    }

    /// Whether a pooler belongs in between.
    enum PoolerAdvice: Equatable {
        case notNeeded
        case present
        /// Put one in between, with as many connections to the server and room for as many clients.
        case recommended(because: String, poolSize: Int, clients: Int)
    }

    /// Whether the instances of today get what is recommended for them.
    var fits: Bool {
        limits.allSatisfy { $0.perInstance >= 1 } && size * question.instances <= question.available(for: size)
    }

    /// Whether there is nothing that ought to be changed.
    var isSound: Bool { fits && scaleOut.outcome == .fits && shortage == nil && !isPoolerRecommended }

    private var isPoolerRecommended: Bool {
        if case .recommended = pooler { true } else { false }
    }

    private var limits: [SizingRule] { rules.filter { $0.kind == .limit } }

    /// How many connections more the work would need; `nil` when there are enough.
    var shortage: Int? {
        guard let work = rules.first(where: { $0.name == .work }), let need = work.total else { return nil }
        // Behind a pooler of transactions the work is done by its connections to the server.
        let pooled = question.holdsSlots ? nil : question.pooler?.poolSize
        let have = min(size * question.instances, pooled ?? .max)
        return need > have ? need - have : nil
    }

    /// Weighs what is known.
    init(_ question: SizingQuestion) {
        self.question = question
        rules = SizingRule.all(question)
        // The first of the smallest; the rule about invocations is always there.
        binding = rules.min { $0.perInstance < $1.perInstance } ?? rules[0]
        size = max(1, binding.perInstance)
        scaleOut = Self.scaleOut(question, rules, size)
        pooler = Self.pooler(question, rules, size, scaleOut)
    }

    private static func scaleOut(_ question: SizingQuestion, _ rules: [SizingRule], _ size: Int) -> ScaleOut {
        let instances = question.scaleTo ?? question.instances * 2
        let connections = instances * size
        let most = rules.filter { $0.kind == .limit }.compactMap(\.total).min()
        let available = question.available(for: size)
        let outcome: ScaleOut.Outcome =
            connections > available ? .refused : connections > most ?? .max ? .beyondHeadroom : .fits
        return ScaleOut(
            instances: instances,
            connections: connections,
            outcome: outcome,
            firstRefused: outcome == .refused ? available / size + 1 : nil,
            mostInstances: most.map { min($0, available) / size }
        )
    }

    private static func pooler(
        _ question: SizingQuestion,
        _ rules: [SizingRule],
        _ size: Int,
        _ scaleOut: ScaleOut
    ) -> PoolerAdvice {
        if question.pooler?.holdsSlots == false { return .present }
        let work = rules.first { $0.name == .work }?.total
        let reason: String
        if let none = rules.first(where: { $0.kind == .limit && $0.perInstance < 1 }) {
            reason =
                "\(question.instances) instances do not get one connection each out of \(none.total ?? 0) (\(none.name.rawValue))"
        } else if scaleOut.outcome == .refused {
            reason = "with \(scaleOut.instances) instances the server refuses connections"
        } else {
            return question.pooler == nil ? .notNeeded : .present
        }
        // What the server works on at once, if that is known; never more than what is this service's.
        let useful = [rules.first { $0.name == .cores }?.total, work].compactMap(\.self).min()
        let room = [question.share, question.available].min() ?? 1
        return .recommended(
            because: reason,
            poolSize: max(1, min(useful ?? room, room)),
            clients: (max(scaleOut.connections, question.instances * size) * 5 + 3) / 4
        )
    }
}

extension SizingQuestion {
    /// Connections that are not refused: by the server, or by the pooler in front of it.
    func available(for size: Int) -> Int {
        if holdsSlots { return [available, pooler?.clientLimit].compactMap(\.self).min() ?? available }
        return pooler?.clientLimit ?? .max
    }
}
