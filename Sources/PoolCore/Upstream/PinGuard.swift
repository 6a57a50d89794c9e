/// Something that a statement must not do.
package struct PinFinding: Sendable, Hashable {
    package let trait: StatementTraits
    package let harm: SessionHarm

    package init(trait: StatementTraits, harm: SessionHarm) {
        self.trait = trait
        self.harm = harm
    }

    package var description: String { PinAdvice.sentence(trait, harm) }
}

/// Remembers what statements do, so that each text is read once, and which of them were reported.
///
/// It is a value of bounded size. A text has one place, given by its length and some of its bytes; when another text wants the
/// same place there are more places from then on, and in the end it takes it.
package struct PinGuard: Sendable {
    private struct Entry: Sendable {
        let text: String
        let found: StatementClass
    }

    private struct Report: Hashable {
        let fingerprint: SQLHash
        let trait: StatementTraits
    }

    private var entries: [Entry?] = Array(repeating: nil, count: PinGuard.fewPlaces)
    private var reported: Set<Report> = []

    /// Most functions have a handful of statements, and a start has only one.
    private static let fewPlaces = 8
    private static let manyPlaces = 256
    /// Texts of more bytes are read each time: comparing them is not much cheaper, and they would hold memory.
    private static let largestText = 32 * 1024
    /// A program that builds texts without end is told of so many of them.
    private static let reportLimit = 1000

    package init() {}

    /// What a statement does to its session.
    ///
    /// - Parameters:
    ///   - text: the statement.
    ///   - sample: its sample, where that is known.
    /// - Returns: what it is.
    package mutating func classify(_ text: String, sample: TextSample? = nil) -> StatementClass {
        let bytes = text.utf8.span
        guard bytes.count <= Self.largestText else { return StatementClassifier.classify(bytes) }
        let sample = Int(truncatingIfNeeded: (sample ?? TextSample(bytes)).value)
        if let entry = entries[sample & (entries.count - 1)] {
            if entry.text == text { return entry.found }
            // Those that were there are read once more.
            if entries.count < Self.manyPlaces { entries = Array(repeating: nil, count: Self.manyPlaces) }
        }
        let found = StatementClassifier.classify(bytes)
        entries[sample & (entries.count - 1)] = Entry(text: text, found: found)
        return found
    }

    /// What of a statement has to be reported now: each place in a program once.
    ///
    /// Texts that differ in literals only count as one place.
    ///
    /// - Parameters:
    ///   - text: the statement.
    ///   - rules: what it must not do.
    ///   - inTransaction: whether it would run in a transaction.
    /// - Returns: all that it must not do, and of these what was not reported before.
    package mutating func check(
        _ text: String,
        _ rules: UpstreamRules,
        inTransaction: Bool
    ) -> (findings: [PinFinding], new: [PinFinding]) {
        let found = classify(text)
        let breaches = rules.breaches(found.traits, inTransaction: inTransaction)
        guard !breaches.isEmpty else { return ([], []) }
        let findings = breaches.elements.map { PinFinding(trait: $0, harm: rules.harm[$0] ?? .breaks) }
        let new = findings.filter { finding in
            guard reported.count < Self.reportLimit else { return false }
            return reported.insert(Report(fingerprint: found.fingerprint, trait: finding.trait)).inserted
        }
        return (findings, new)
    }
}
