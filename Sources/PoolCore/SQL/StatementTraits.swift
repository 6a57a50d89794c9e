/// What a statement does to its session beyond its own end: what pins a proxy, or gets lost or leaks behind a pooler.
package struct StatementTraits: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Whether any of the others is among these.
    package func intersects(_ others: StatementTraits) -> Bool { rawValue & others.rawValue != 0 }

    /// `SET`, `RESET` and `set_config(…, false)` for the session.
    package static let sessionSetting = StatementTraits(rawValue: 1 << 0)
    /// The same of a setting that most poolers keep for each client (`TimeZone`, `application_name`, …).
    package static let reportedSetting = StatementTraits(rawValue: 1 << 1)
    /// `SET LOCAL`, `SET TRANSACTION`, `SET CONSTRAINTS`, `set_config(…, true)`: until the end of the transaction.
    package static let localSetting = StatementTraits(rawValue: 1 << 2)
    /// `PREPARE`, `EXECUTE` and `DEALLOCATE` as SQL.
    package static let sqlPrepare = StatementTraits(rawValue: 1 << 3)
    /// `LISTEN` and `UNLISTEN`.
    package static let listen = StatementTraits(rawValue: 1 << 4)
    /// `pg_advisory_lock` and its like: held until the session ends.
    package static let sessionAdvisoryLock = StatementTraits(rawValue: 1 << 5)
    /// A temporary table, view or sequence that outlives the transaction.
    package static let temporaryObject = StatementTraits(rawValue: 1 << 6)
    /// A temporary table `ON COMMIT DROP`.
    package static let temporaryObjectOfTransaction = StatementTraits(rawValue: 1 << 7)
    /// `DECLARE … CURSOR`.
    package static let cursor = StatementTraits(rawValue: 1 << 8)
    /// `DECLARE … CURSOR WITH HOLD`.
    package static let holdCursor = StatementTraits(rawValue: 1 << 9)
    /// `nextval` and `setval`.
    package static let sequence = StatementTraits(rawValue: 1 << 10)
    /// `currval` and `lastval`: what the same session drew before.
    package static let sequenceMemory = StatementTraits(rawValue: 1 << 11)
    /// `DISCARD`.
    package static let discard = StatementTraits(rawValue: 1 << 12)
    /// `LOAD`.
    package static let load = StatementTraits(rawValue: 1 << 13)
    /// `LOCK TABLE`: held until the transaction ends.
    package static let tableLock = StatementTraits(rawValue: 1 << 14)
    /// `BEGIN`, `SAVEPOINT` and their like.
    package static let transactionControl = StatementTraits(rawValue: 1 << 15)
    /// `pg_terminate_backend`: behind a pooler it hits connections that others share.
    package static let endsBackends = StatementTraits(rawValue: 1 << 16)
    /// A text of more than 16 KiB.
    package static let oversized = StatementTraits(rawValue: 1 << 17)

    /// `DO` and `CALL`: code that cannot be seen from here, or not all of it.
    package static let routine = StatementTraits(rawValue: 1 << 18)
    /// Other functions that leave something in the session: `setseed`, `dblink_connect`.
    package static let sessionFunction = StatementTraits(rawValue: 1 << 19)

    /// `DEALLOCATE`, which is an `sqlPrepare`, too: the server forgets what it has prepared.
    package static let deallocate = StatementTraits(rawValue: 1 << 20)

    // A literal of several costs more than all else that is done with them, so those that are asked for often are made once.

    /// What has the server forget what it has prepared.
    package static let unprepares: StatementTraits = [.discard, .deallocate]

    /// What is undone before a session has another user.
    ///
    /// A plain cursor is not among it, because it ends with its transaction; nor is what `currval` remembers, which nobody asks for
    /// who has not drawn a number himself.
    package static let leftBehind: StatementTraits = [
        .sessionSetting, .reportedSetting, .sqlPrepare, .listen, .sessionAdvisoryLock, .temporaryObject, .holdCursor,
        .load,
        .routine, .sessionFunction,
    ]

    /// What may change, or take back, any setting of the session.
    package static let changesSettings: StatementTraits = [.sessionSetting, .discard, .routine]

    /// The text size up to which RDS Proxy multiplexes: 16 KiB.
    ///
    /// Source: Amazon RDS User Guide, "Avoiding pinning an RDS Proxy".
    package static let multiplexedTextSize = 16 * 1024

    /// The traits one by one, in the order of their declaration.
    package var elements: [StatementTraits] {
        (0..<21).map { StatementTraits(rawValue: 1 << $0) }.filter { contains($0) }
    }
}

/// What was found out about a statement from its text alone.
package struct StatementClass: Sendable, Hashable {
    package internal(set) var traits: StatementTraits = []
    /// Whether it is one statement that the server plans, such as `SELECT` and `INSERT`: preparing it is worth something.
    package internal(set) var isPlanned = false
    /// The same for texts that differ only in literals, white space, comments and the case of words.
    package internal(set) var fingerprint = SQLHash()
}
