/// What one of the field's rules says of the size of a pool.
struct SizingRule: Equatable, Encodable {
    enum Name: String, Encodable, CaseIterable {
        /// floor(max × 0.8 / instances).
        case headroom
        /// The headroom divided among the services that share the server.
        case services
        /// The role's `CONNECTION LIMIT`.
        case roleLimit = "role limit"
        /// The database's `CONNECTION LIMIT`.
        case databaseLimit = "database limit"
        /// The clients that a pooler takes.
        case poolerClients = "pooler clients"
        /// requests/s × duration × 1.5.
        case work
        /// cores × 2 + spindles.
        case cores
        /// An instance cannot use more connections than it has invocations.
        case invocations
    }

    /// Whether more than that is refused, useless, or all that is needed.
    enum Kind: String, Encodable {
        /// More is refused, or takes what others need.
        case limit
        /// More makes nothing faster.
        case useful
        /// More is not needed.
        case need
    }

    let name: Name
    let kind: Kind
    /// Connections of all instances together; `nil` for what is only about one.
    let total: Int?
    /// Connections of one instance; 0 when not every instance can have one.
    let perInstance: Int
    /// The rule with its numbers in it.
    let formula: String
}

extension SizingRule {
    /// All rules for which enough is known.
    static func all(_ question: SizingQuestion) -> [SizingRule] {
        [
            headroom(question), services(question),
            limit(.roleLimit, question.roleLimit, question), limit(.databaseLimit, question.databaseLimit, question),
            poolerClients(question), work(question), cores(question), invocations(question),
        ].compactMap(\.self)
    }

    private static func headroom(_ question: SizingQuestion) -> SizingRule? {
        guard question.holdsSlots else { return nil }
        let max = question.maxConnections
        let text =
            question.headroom < max * 4 / 5
            ? "floor((\(max) - \(question.reserved) reserved) / \(question.instances))"
            : "floor(\(max) × 0.8 / \(question.instances))"
        return SizingRule(
            name: .headroom,
            kind: .limit,
            total: question.headroom,
            perInstance: question.headroom / question.instances,
            formula: text
        )
    }

    private static func services(_ question: SizingQuestion) -> SizingRule? {
        guard question.holdsSlots, question.services > 1 else { return nil }
        return SizingRule(
            name: .services,
            kind: .limit,
            total: question.share,
            perInstance: question.share / question.instances,
            formula: "floor(\(question.headroom) / \(question.services) services / \(question.instances))"
        )
    }

    private static func limit(_ name: Name, _ limit: Int?, _ question: SizingQuestion) -> SizingRule? {
        guard question.holdsSlots, let limit else { return nil }
        return SizingRule(
            name: name,
            kind: .limit,
            total: limit,
            perInstance: limit / question.instances,
            formula: "floor(\(limit) / \(question.instances))"
        )
    }

    private static func poolerClients(_ question: SizingQuestion) -> SizingRule? {
        guard let clients = question.pooler?.clientLimit else { return nil }
        let total = clients * 4 / 5
        return SizingRule(
            name: .poolerClients,
            kind: .limit,
            total: total,
            perInstance: total / question.instances,
            formula: "floor(\(clients) × 0.8 / \(question.instances))"
        )
    }

    private static func work(_ question: SizingQuestion) -> SizingRule? {
        guard let rate = question.requestsPerSecond, let time = question.queryTime else { return nil }
        // Less a hair, so that what is 6 on paper does not become 7 by its binary fraction.
        let total = max(1, Int((rate * (time / .seconds(1)) * 1.5 - 1e-9).rounded(.up)))
        return SizingRule(
            name: .work,
            kind: .need,
            total: total,
            perInstance: (total + question.instances - 1) / question.instances,
            formula: "ceil(\(text(rate))/s × \(text(time / .milliseconds(1))) ms × 1.5 / \(question.instances))"
        )
    }

    private static func cores(_ question: SizingQuestion) -> SizingRule? {
        guard let cores = question.cores else { return nil }
        let total = cores * 2 + question.spindles
        return SizingRule(
            name: .cores,
            kind: .useful,
            total: total,
            // Fewer than one is none: what is too much waits for a core.
            perInstance: max(1, total / question.instances),
            formula: "(\(cores) × 2 + \(question.spindles)) / \(question.instances), at least 1"
        )
    }

    private static func invocations(_ question: SizingQuestion) -> SizingRule {
        SizingRule(
            name: .invocations,
            kind: .need,
            total: nil,
            perInstance: question.concurrency,
            formula: "\(question.concurrency) at a time in one instance"
        )
    }

    /// A number without a fraction that says nothing.
    static func text(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e9 ? "\(Int(number))" : "\((number * 100).rounded() / 100)"
    }
}
