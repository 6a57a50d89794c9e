internal import Moments

/// The connections of a pool and the phase each is in.
struct SlotTable: Sendable, Hashable {
    /// What is going on with a connection.
    enum Phase: Sendable, Hashable {
        /// There is none. Next: `opening`.
        case vacant
        /// A task is making it. Next: `leased` (made), `halfOpen` (the task had to stop), `vacant` (failed).
        case opening
        /// It is partly made and waits for a task that goes on. Next: `opening`, `vacant`.
        case halfOpen
        /// It is open and nobody uses it. Next: `leased`, `vacant`.
        case idle
        /// A task uses it. Next: `idle`, `leased` (handed to a waiter), `vacant`.
        case leased
    }

    /// What is known of one connection.
    struct Slot: Sendable, Hashable {
        var serial: UInt32 = 0
        fileprivate(set) var phase = Phase.vacant
        /// When the connect was begun.
        var begun: Moment?
        /// When its first borrower asked for it; `nil` when nobody did.
        var askedAt: Moment?
        /// Why its place was given up; of the last connection here, until there is another.
        var evictedBecause: EvictionReason?
        /// When its life is over.
        var expiry: Moment?
        /// When it came back last.
        fileprivate(set) var idleSince: Moment?
        /// The longest time since then in which the process was frozen, by another clock than that of the instants.
        fileprivate(set) var frozenFor: Duration?
        /// When it was lent last.
        fileprivate(set) var leasedAt: Moment?
        /// How often it was lent.
        fileprivate(set) var uses = 0
        /// Everything that was open or being opened at some moment was called stale: it is closed instead of being kept.
        fileprivate(set) var isStale = false
        /// Its present borrower was reported for keeping it.
        var isReported = false
        /// It is the one connect by which an open circuit breaker finds out whether the server is back.
        var isProbe = false

        // Both in place: a slot would be copied to be asked.

        /// For how long nobody has used it, at least.
        @inline(__always)
        func unusedFor(now: Moment) -> Duration {
            max(idleSince.map { now - $0 } ?? .zero, frozenFor ?? .zero)
        }

        /// Whether all that is known of it holds, because it came back a moment ago and was not frozen since.
        @inline(__always)
        func isFresh(_ limits: PoolLimits, now: Moment) -> Bool {
            guard let expiry, now < expiry, let idleSince, frozenFor == nil else { return false }
            // Numbers, because the operators of `Duration` are calls into the standard library.
            let rest = (now - idleSince).attoseconds
            return rest >= 0 && rest < limits.pingBypass.attoseconds && rest < limits.idleTimeout.attoseconds
                && rest < limits.hardIdleLimit.attoseconds
        }

        /// As `unusedFor`; `nil` when the clock was set back since then, as after a restore: then nobody knows.
        @inline(__always)
        func restedFor(now: Moment) -> Duration? {
            if let idleSince, now < idleSince { return nil }
            return unusedFor(now: now)
        }

        /// - Returns: the phase that is over.
        @inline(__always)
        fileprivate mutating func enter(
            _ phase: Phase,
            of connection: ConnectionID,
            _ note: (inout Slot) -> Void
        ) -> Phase {
            let before = self.phase
            if before == .vacant { self = Slot(serial: connection.serial) }
            self.phase = phase
            // A connect that was left in a freeze stays as old as it is, however often it is taken up and left again.
            if phase == .idle || phase == .leased { frozenFor = nil }
            note(&self)
            return before
        }
    }

    /// What is in the slots: for a look at one property, because the subscript copies them all.
    private(set) var entries: [Slot]
    /// The idle connections, the one that came back last at the end: it is the one most likely to be alive and warm.
    private(set) var idle: [ConnectionID] = []
    private(set) var counts = PoolCounts()

    init(capacity: Int) {
        entries = Array(repeating: Slot(), count: capacity)
        idle.reserveCapacity(capacity)
    }

    subscript(connection: ConnectionID) -> Slot {
        get { entries[connection.slot] }
        set { entries[connection.slot] = newValue }
    }

    /// Whether the word about a connection is about one that is there, in that phase.
    func `is`(_ connection: ConnectionID, _ phase: Phase) -> Bool {
        entries.indices.contains(connection.slot)
            && entries[connection.slot].serial == connection.serial
            && entries[connection.slot].phase == phase
    }

    /// Whether a connection has its place still.
    func holds(_ connection: ConnectionID) -> Bool {
        entries.indices.contains(connection.slot)
            && entries[connection.slot].serial == connection.serial
            && entries[connection.slot].phase != .vacant
    }

    /// How many slots there are: at least as many as may be open.
    var capacity: Int { entries.count }

    /// Makes room for that many connections.
    ///
    /// The table never shrinks: a connection keeps its slot until it is closed, however small the pool has become.
    mutating func grow(to capacity: Int) {
        while entries.count < capacity { entries.append(Slot()) }
        idle.reserveCapacity(capacity)
    }

    /// Names the connection that a vacant slot will hold, if fewer than `limit` are open.
    func firstVacant(limit: Int) -> ConnectionID? {
        // Under load the pool is full and this is asked after each event: it must not look at every slot then.
        guard counts.open < limit else { return nil }
        guard let slot = entries.firstIndex(where: { $0.phase == .vacant }) else { return nil }
        return ConnectionID(slot: slot, serial: entries[slot].serial &+ 1)
    }

    /// A connection that is partly made.
    func firstHalfOpen() -> ConnectionID? {
        guard counts.halfOpen > 0 else { return nil }
        guard let slot = entries.firstIndex(where: { $0.phase == .halfOpen }) else { return nil }
        return ConnectionID(slot: slot, serial: entries[slot].serial)
    }

    /// Moves a connection into another phase.
    ///
    /// Nothing else in the pool does, so the counts and the list of idle ones
    /// cannot disagree with the phases.
    ///
    /// - Parameters:
    ///   - connection: the connection.
    ///   - phase: its next phase.
    ///   - note: what changes with it. In place, because each look into the table is one more check of whose it is.
    @inline(__always)
    mutating func move(_ connection: ConnectionID, to phase: Phase, _ note: (inout Slot) -> Void = { _ in }) {
        let before = entries[connection.slot].enter(phase, of: connection, note)
        if before == .idle {
            if idle.last == connection {
                // Nearly always.
                idle.removeLast()
            } else if let index = idle.lastIndex(of: connection) {
                idle.remove(at: index)
            }
        }
        if phase == .idle { idle.append(connection) }
        counts.move(from: before, to: phase)
    }

    /// Keeps a connection that came back.
    ///
    /// - Parameters:
    ///   - connection: the connection, which is leased.
    ///   - now: since when it is idle.
    ///   - lifeEndsBy: the end of its life at the latest. It changes nothing, unless the clock was set back.
    mutating func park(_ connection: ConnectionID, now: Moment, lifeEndsBy: Moment) {
        move(connection, to: .idle) { slot in
            slot.idleSince = now
            slot.expiry = min(slot.expiry ?? lifeEndsBy, lifeEndsBy)
        }
    }

    /// Lends a connection.
    ///
    /// - Parameters:
    ///   - connection: the connection, which is idle, was just made, or comes from another borrower.
    ///   - now: since when it is lent.
    ///   - isUse: whether it counts for the number of times that it may be lent.
    mutating func lend(_ connection: ConnectionID, now: Moment, isUse: Bool = true) {
        move(connection, to: .leased) { slot in
            slot.leasedAt = now
            slot.isReported = false
            if isUse { slot.uses += 1 }
        }
    }

    /// For how long a connection has been lent; `nil` when it is not.
    func heldFor(_ connection: ConnectionID, now: Moment) -> Duration? {
        guard `is`(connection, .leased) else { return nil }
        return entries[connection.slot].leasedAt.map { now - $0 }
    }

    /// Calls everything stale that is open or being opened.
    mutating func makeStale() {
        for slot in entries.indices where entries[slot].phase != .vacant { entries[slot].isStale = true }
    }

    /// How many of those that are open have been called stale.
    var stale: Int { entries.count { $0.phase != .vacant && $0.isStale } }

    /// Calls one connection stale that is in use.
    mutating func makeStale(_ connection: ConnectionID) { entries[connection.slot].isStale = true }

    /// Lets no connect count as the probe of the circuit breaker.
    mutating func forgetProbes() {
        for slot in entries.indices where entries[slot].isProbe { entries[slot].isProbe = false }
    }

    /// Remembers a freeze for every connection that nobody used meanwhile.
    mutating func noteFreeze(of gap: Duration) {
        for slot in entries.indices where entries[slot].phase == .idle || entries[slot].phase == .halfOpen {
            entries[slot].frozenFor = max(entries[slot].frozenFor ?? .zero, gap)
        }
    }

    /// The connections in a phase, by their slots.
    func all(in phase: Phase) -> [ConnectionID] {
        entries.indices.compactMap { slot in
            entries[slot].phase == phase ? ConnectionID(slot: slot, serial: entries[slot].serial) : nil
        }
    }
}

/// How many connections are in which phase.
package struct PoolCounts: Sendable, Hashable {
    package internal(set) var connecting = 0
    package internal(set) var halfOpen = 0
    package internal(set) var idle = 0
    package internal(set) var leased = 0

    /// All that hold a place in the pool.
    package var open: Int { connecting + halfOpen + idle + leased }

    mutating func move(from old: SlotTable.Phase, to new: SlotTable.Phase) {
        add(-1, to: old)
        add(1, to: new)
    }

    private mutating func add(_ amount: Int, to phase: SlotTable.Phase) {
        switch phase {
        case .vacant: break
        case .opening: connecting += amount
        case .halfOpen: halfOpen += amount
        case .idle: idle += amount
        case .leased: leased += amount
        }
    }
}
