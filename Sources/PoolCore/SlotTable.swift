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
        /// When its life is over.
        var expiry: Moment?
        /// When it came back last.
        fileprivate(set) var idleSince: Moment?
        /// The longest time since then in which the process was frozen, by another clock than that of the instants.
        fileprivate(set) var frozenFor = Duration.zero

        /// For how long nobody has used it, at least.
        func unusedFor(now: Moment) -> Duration {
            max(idleSince.map { now - $0 } ?? .zero, frozenFor)
        }
    }

    private(set) var slots: [Slot]
    /// The idle connections, the one that came back last at the end: it is the one most likely to be alive and warm.
    private(set) var idle: [ConnectionID] = []
    private(set) var counts = PoolCounts()

    init(capacity: Int) {
        slots = Array(repeating: Slot(), count: capacity)
        idle.reserveCapacity(capacity)
    }

    subscript(connection: ConnectionID) -> Slot {
        get { slots[connection.slot] }
        set { slots[connection.slot] = newValue }
    }

    /// Whether the word about a connection is about one that is there, in that phase.
    func `is`(_ connection: ConnectionID, _ phase: Phase) -> Bool {
        slots.indices.contains(connection.slot)
            && slots[connection.slot].serial == connection.serial
            && slots[connection.slot].phase == phase
    }

    /// Names the connection that a vacant slot will hold.
    func firstVacant() -> ConnectionID? {
        // Under load the pool is full and this is asked after each event: it must not look at every slot then.
        guard counts.open < slots.count else { return nil }
        guard let slot = slots.firstIndex(where: { $0.phase == .vacant }) else { return nil }
        return ConnectionID(slot: slot, serial: slots[slot].serial &+ 1)
    }

    /// A connection that is partly made.
    func firstHalfOpen() -> ConnectionID? {
        guard counts.halfOpen > 0 else { return nil }
        guard let slot = slots.firstIndex(where: { $0.phase == .halfOpen }) else { return nil }
        return ConnectionID(slot: slot, serial: slots[slot].serial)
    }

    /// Moves a connection into another phase.
    ///
    /// Nothing else in the pool does, so the counts and the list of idle ones
    /// cannot disagree with the phases.
    mutating func move(_ connection: ConnectionID, to phase: Phase) {
        let before = slots[connection.slot].phase
        switch before {
        case .vacant: slots[connection.slot] = Slot(serial: connection.serial)
        case .idle:
            // Nearly always the last one.
            if let index = idle.lastIndex(of: connection) { idle.remove(at: index) }
        case .opening, .halfOpen, .leased: break
        }
        slots[connection.slot].phase = phase
        slots[connection.slot].frozenFor = .zero
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
        move(connection, to: .idle)
        slots[connection.slot].idleSince = now
        slots[connection.slot].expiry = min(slots[connection.slot].expiry ?? lifeEndsBy, lifeEndsBy)
    }

    /// Remembers a freeze for every connection that nobody used meanwhile.
    mutating func noteFreeze(of gap: Duration) {
        for slot in slots.indices where slots[slot].phase == .idle || slots[slot].phase == .halfOpen {
            slots[slot].frozenFor = max(slots[slot].frozenFor, gap)
        }
    }

    /// The connections in a phase, by their slots.
    func all(in phase: Phase) -> [ConnectionID] {
        slots.indices.compactMap { slot in
            slots[slot].phase == phase ? ConnectionID(slot: slot, serial: slots[slot].serial) : nil
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
