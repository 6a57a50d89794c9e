internal import Moments

/// Acquires that wait, first come first served.
///
/// Joining, leaving and being served all take constant time.
///
/// A linked list in an array: nodes are reused, and a serial number tells a waiter from a later one in the same node.
struct WaiterQueue: Sendable, Hashable {
    private struct Node: Sendable, Hashable {
        var serial: UInt32 = 0
        var isQueued = false
        /// Since when it waits.
        var since: Moment?
        /// Until when a connection is worth anything to it.
        var deadline: Moment?
        var previous = none
        var next = none
    }

    private static let none = -1

    private var nodes: [Node] = []
    private var vacant: [Int] = []
    private var head = none
    private var tail = none
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Who is served next.
    var first: WaiterID? { head == Self.none ? nil : id(of: head) }

    /// Adds a waiter behind all others, or before them when it had waited already.
    mutating func enqueue(at now: Moment, deadline: Moment, atFront: Bool = false) -> WaiterID {
        let index = vacant.popLast() ?? nodes.count
        if index == nodes.count { nodes.append(Node()) }
        nodes[index].serial &+= 1
        nodes[index].isQueued = true
        nodes[index].since = now
        nodes[index].deadline = deadline
        nodes[index].previous = atFront ? Self.none : tail
        nodes[index].next = atFront ? head : Self.none
        if count == 0 {
            head = index
            tail = index
        } else if atFront {
            nodes[head].previous = index
            head = index
        } else {
            nodes[tail].next = index
            tail = index
        }
        count += 1
        return id(of: index)
    }

    /// Since when a waiter waits.
    func waitingSince(_ waiter: WaiterID) -> Moment? {
        contains(waiter) ? nodes[waiter.node].since : nil
    }

    /// Takes the next waiter out.
    mutating func dequeue() -> WaiterID? {
        guard let first else { return nil }
        remove(first)
        return first
    }

    /// Takes a waiter out, wherever it stands.
    ///
    /// - Returns: whether it was still waiting.
    @discardableResult
    mutating func remove(_ waiter: WaiterID) -> Bool {
        guard contains(waiter) else { return false }
        let node = nodes[waiter.node]
        if node.previous == Self.none { head = node.next } else { nodes[node.previous].next = node.next }
        if node.next == Self.none { tail = node.previous } else { nodes[node.next].previous = node.previous }
        nodes[waiter.node].isQueued = false
        vacant.append(waiter.node)
        count -= 1
        return true
    }

    /// The first whose deadline is before that time.
    func first(endingBefore time: Moment) -> WaiterID? {
        var index = head
        while index != Self.none {
            if let deadline = nodes[index].deadline, deadline < time { return id(of: index) }
            index = nodes[index].next
        }
        return nil
    }

    /// Whether a waiter gives up before that time.
    func isHopeless(_ waiter: WaiterID, before time: Moment) -> Bool {
        guard contains(waiter), let deadline = nodes[waiter.node].deadline else { return false }
        return deadline < time
    }

    func contains(_ waiter: WaiterID) -> Bool {
        nodes.indices.contains(waiter.node)
            && nodes[waiter.node].isQueued
            && nodes[waiter.node].serial == waiter.serial
    }

    private func id(of index: Int) -> WaiterID {
        WaiterID(node: index, serial: nodes[index].serial)
    }
}
