import LocalFunctions
import Moments

/// Drives a fleet by hand, with a clock that only moves when it is told to.
struct FleetDriver {
    private(set) var fleet: Fleet
    private(set) var now = Moment(sinceBoot: .seconds(1000))
    private var lastPoll = 0

    init(isPolled: Bool = true, _ change: (inout FleetLimits) -> Void = { _ in }) {
        var limits = FleetLimits()
        limits.environments = 3
        limits.shutdown = .kill
        change(&limits)
        fleet = Fleet(limits, isPolled: isPolled)
    }

    mutating func arrive(_ name: String, patience: Duration = .zero) -> [FleetAction] {
        fleet.invocationArrived(InvocationID(name), patience: patience, at: now)
    }

    /// The process runs and asks for its first invocation.
    mutating func begin(_ id: Int) -> [FleetAction] {
        fleet.processStarted(EnvironmentID(id), at: now)
        return ask(id)
    }

    mutating func ask(_ id: Int) -> [FleetAction] {
        guard case .taken(let actions) = next(id) else { return [] }
        return actions
    }

    mutating func next(_ id: Int) -> Fleet.NextVerdict {
        lastPoll += 1
        return fleet.nextAsked(EnvironmentID(id), PollID(lastPoll), at: now)
    }

    mutating func answer(_ id: Int, _ name: String) -> [FleetAction] {
        _ = fleet.answerBegan(EnvironmentID(id), InvocationID(name))
        return fleet.answerEnded(EnvironmentID(id), InvocationID(name), at: now)
    }

    mutating func exit(_ id: Int, _ end: ProcessEnd = .exited(0)) -> [FleetAction] {
        fleet.processExited(EnvironmentID(id), end, at: now)
    }

    mutating func pass(_ duration: Duration) -> [FleetAction] {
        now += duration
        return fleet.timePassed(at: now)
    }

    mutating func with<R>(_ work: (inout Fleet, Moment) -> R) -> R { work(&fleet, now) }

    /// A warm environment with this number: it served one invocation and waits.
    mutating func warm(_ id: Int) {
        _ = arrive("warm-\(id)")
        _ = begin(id)
        _ = answer(id, "warm-\(id)")
        _ = ask(id)
    }

    func phase(_ id: Int) -> EnvironmentState.Phase? { fleet.environments[EnvironmentID(id)]?.phase }
}

extension EnvironmentID: ExpressibleByIntegerLiteral {
    /// Of its number.
    public init(integerLiteral value: Int) { self.init(value) }
}

extension InvocationID: ExpressibleByStringLiteral {
    /// Of its name.
    public init(stringLiteral value: String) { self.init(value) }
}
