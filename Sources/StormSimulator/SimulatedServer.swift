internal import PoolCore

/// One connect of an environment, from the permit on.
final class Attempt {
    enum Stage {
        /// Waits at home.
        case held
        /// Stands in the server's queue, or is served, or its answer is on the way.
        case sent
        /// The server took it; nobody was there to hear it.
        case made
    }

    let environment: Int
    let connection: ConnectionID
    /// The caller that drives it; `nil` when it was left half-open.
    var client: Int?
    var stage = Stage.held
    /// Whether the environment has closed its end.
    var isAbandoned = false
    /// Whether it has a slot of the server.
    var hasSlot = false
    /// Tells the time-out of one drive from that of another.
    var drives = 0
    private var permit: ConnectPermit?

    init(_ permit: consuming ConnectPermit, environment: Int, client: Int) {
        self.environment = environment
        self.client = client
        connection = permit.connection
        self.permit = consume permit
    }

    func takePermit() -> ConnectPermit? { permit.take() }

    func put(_ permit: consuming ConnectPermit) { self.permit = consume permit }
}

/// A server that makes connections one after the other, also for those who have long gone.
struct SimulatedServer {
    private let slots: Int?
    private let serviceTime: Int64
    private let refusalTime: Int64
    private var queue: [Attempt] = []
    private var head = 0
    private(set) var current: Attempt?
    private(set) var used = 0
    private(set) var peakUsed = 0
    private(set) var peakQueue = 0

    init(_ scenario: StormScenario) {
        slots = scenario.slots
        serviceTime = Int64(1e9 / scenario.connectRate)
        refusalTime = Int64(1e9 / scenario.connectRate * scenario.refusalCost)
    }

    var usage: SlotUsage { SlotUsage(used: used, usable: slots ?? .max) }

    mutating func enqueue(_ attempt: Attempt) {
        queue.append(attempt)
        peakQueue = max(peakQueue, queue.count - head)
    }

    /// Begins with the next in the queue.
    ///
    /// - Returns: how long it takes, or `nil` when the server is busy or has nothing to do.
    mutating func beginNext() -> Int64? {
        guard current == nil, head < queue.count else { return nil }
        let attempt = queue[head]
        head += 1
        if head > 4096, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        current = attempt
        guard used < slots ?? .max else { return refusalTime }
        attempt.hasSlot = true
        used += 1
        peakUsed = max(peakUsed, used)
        return serviceTime
    }

    mutating func finish() -> Attempt? {
        current.take()
    }

    mutating func close(_ attempt: Attempt) {
        guard attempt.hasSlot else { return }
        attempt.hasSlot = false
        used -= 1
    }
}
