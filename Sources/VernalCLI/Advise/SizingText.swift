/// An advice in words.
struct SizingText {
    let advice: SizingAdvice
    /// Where the numbers come from, as a line.
    let source: String

    private var question: SizingQuestion { advice.question }

    var text: String {
        var table = TextTable(heading: ["RULE", "IN ALL", "EACH", "HOW"], numeric: [1, 2])
        table.rows = advice.rules.map { rule in
            [
                rule.name.rawValue, rule.total.map { "\($0)" } ?? "-", "\(rule.perInstance)",
                rule.formula + (rule.name == advice.binding.name ? "  <- binds" : ""),
            ]
        }
        var parts = [source, table.text, verdict.joined(separator: "\n")]
        parts.append(settings)
        return parts.joined(separator: "\n\n")
    }

    private var verdict: [String] {
        var lines = ["size      " + size, "next      " + next, "pooler    " + pooler]
        if let shortage = advice.shortage {
            lines.append(
                "work      \(shortage) connections more would be needed: requests will wait; make statements shorter, or "
                    + (question.holdsSlots ? "have more instances" : "give the pooler more connections")
            )
        }
        if let cores = advice.rules.first(where: { $0.name == .cores }), let useful = cores.total,
            question.holdsSlots, advice.size * question.instances > useful
        {
            lines.append(
                "cores     the server works on about \(useful) statements at a time; what is beyond waits for a core"
            )
        }
        return lines
    }

    private var size: String {
        let total = advice.size * question.instances
        let text =
            "\(Self.count(advice.size, "connection")) in each of \(Self.count(question.instances, "instance")), "
            + "\(total) in all; the rule that binds: \(advice.binding.name.rawValue)"
        if advice.fits { return text }
        return text + "\n          That is more than there is: see 'pooler', or allow at most "
            + "\(Self.count(advice.scaleOut.mostInstances ?? 0, "instance")) (reserved concurrency)"
    }

    private var next: String {
        let out = advice.scaleOut
        let text =
            "with \(Self.count(out.instances, "instance")) there are \(Self.count(out.connections, "connection")): "
        let most = out.mostInstances.map { "; the headroom is enough for \(Self.count($0, "instance"))" } ?? ""
        switch out.outcome {
        case .fits: return text + "that fits" + most
        case .beyondHeadroom:
            return text + "more than the headroom, so that deployments and other services find the server full" + most
        case .refused:
            return text + "connects are refused (53300) from instance \(out.firstRefused ?? 0) on" + most
        }
    }

    private var pooler: String {
        switch advice.pooler {
        case .notNeeded: return "not needed"
        case .present:
            let limit = question.pooler?.clientLimit.map { ", which takes \($0) clients" } ?? ""
            let pool = question.pooler?.poolSize.map {
                " and has \($0) connections to the server for each user and database"
            }
            return "\(question.pooler?.kind ?? "one") is there already\(limit)\(pool ?? "")"
        case .recommended(let reason, _, _): return "put one in between (transaction mode): \(reason)"
        }
    }

    private var settings: String {
        let settings = SizingSettings(advice)
        var lines = ["Settings of each instance, as options of the URL or as variables:"]
        lines.append("  DATABASE_URL=postgres://…?\(settings.url)")
        lines += settings.environment.sorted { $0.key < $1.key }.map { "  \($0.key)=\($0.value)" }
        if !settings.pgbouncer.isEmpty {
            let until = settings.untilThen.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            lines.append("Until the pooler is there: " + until.joined(separator: " "))
            lines.append("Settings of the pooler, as PgBouncer has them:")
            lines += settings.pgbouncer.map { "  \($0)" }
        }
        if !settings.server.isEmpty {
            lines.append("Settings of the server to consider:")
            lines += settings.server.map { "  \($0.sql)\n    -- \($0.reason)" }
        }
        return lines.joined(separator: "\n")
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
