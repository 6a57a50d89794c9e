/// A storm in a terminal.
struct StormTable {
    let result: StormResult

    var text: String {
        let rate = result.makespanMs / max(result.idealMs, 0.01)
        let environments = SizingText.count(result.environments, "environment")
        let waves = SizingText.count(result.waves, "wave")
        let lines = [
            "\(environments), \(waves), policy \(result.policy)",
            "  invocations      \(result.invocations), of which \(result.failed) failed",
            "  connections      at most \(result.peakConnections) of \(result.usableSlots) usable slots",
            "  refused connects \(result.refusedConnects)",
            "  makespan         \(result.makespanMs) ms, ideal \(result.idealMs) ms (\((rate * 100).rounded() / 100) times)",
            "  a slot was held in vain for at most \(result.heldInVainMs) ms",
            "  idle in transaction while frozen: \(result.idleInTransactionWhileFrozen)",
        ]
        var table = TextTable(heading: ["ms", "p50", "p90", "p99", "max"], numeric: [1, 2, 3, 4])
        let rows: [(String, StormResult.Distribution)] = [
            ("spawn", result.spawnMs), ("init", result.initMs), ("connect", result.connectMs),
            ("first row", result.firstRowMs), ("answer", result.latencyMs),
        ]
        table.rows = rows.map { [$0, "\($1.p50)", "\($1.p90)", "\($1.p99)", "\($1.max)"] }
        return (lines + ["", table.text]).joined(separator: "\n")
    }
}
