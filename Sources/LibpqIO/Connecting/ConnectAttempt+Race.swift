internal import Moments

/// Two addresses at a time, while the first is slow to accept.
///
/// Only for as long as nobody has accepted: who has is a server that may have a queue, and standing in two of them makes one server
/// work in vain. There are never more than two, and never two at one place.
extension ConnectAttempt {
    /// How long an address may take to accept before the next one is begun beside it: the delay that RFC 8305 recommends.
    package static let headStart = Duration.milliseconds(250)

    /// When the current candidate gets a rival; `nil` if it may have none.
    var raceBegins: Moment? {
        switch current {
        case .some(let candidate)
        where !candidate.wasRivalled && candidate.handle.connectPhase == .transport
            && !(addresses.isEmpty && targets.isEmpty):
            candidate.begun + Self.headStart
        default: nil
        }
    }

    /// Takes down that the driver left.
    mutating func noteLeft() {
        current?.wasLeft = true
        rival?.wasLeft = true
    }

    /// Begins with the next address beside the current one, if there is another and its name can be resolved soon.
    mutating func beginRace(until deadline: Moment, waiter: SocketWaiter) async {
        guard let begins = raceBegins, begins <= .now else { return }
        current?.wasRivalled = true
        let own: HostPlan.Target? =
            switch current {
            case .some(let candidate): candidate.target
            case .none: nil
            }
        guard let own, let target = await nextPlace(beside: own, until: deadline, waiter: waiter) else { return }
        rival = begin(target)
    }

    private mutating func nextPlace(
        beside own: HostPlan.Target,
        until deadline: Moment,
        waiter: SocketWaiter
    ) async -> HostPlan.Target? {
        if let address = addresses.last {
            guard !address.isSamePlace(as: own) else { return nil }
            return addresses.removeLast()
        }
        // With other demands it belongs to a later round, for when all hosts of this one have failed.
        guard let target = targets.last, target.sessionAttributes == own.sessionAttributes else { return nil }
        guard let host = target.host, !target.needsNoLookUp else {
            guard !target.isSamePlace(as: own) else { return nil }
            return targets.removeLast()
        }
        // A name that cannot be resolved is left to its turn, which tells what is wrong with it.
        let patience = min(deadline, .now + Self.headStart)
        guard case .success(.success(let found)) = await waiter.addresses(of: host, until: patience) else { return nil }
        let places = found.map { address in
            var place = target
            place.hostaddr = address
            return place
        }
        guard let first = places.first, !first.isSamePlace(as: own) else { return nil }
        targets.removeLast()
        addresses = places.dropFirst().reversed()
        return first
    }

    /// Waits until one of the two has accepted or failed: that one is gone on with, or the other one.
    ///
    /// - Returns: why the driver has to stop, if it has to; then both are there for the next one.
    mutating func race(until deadline: Moment, waiter: SocketWaiter) async -> GaveUp? {
        guard var first = current.take(), var second = rival.take() else { return nil }
        let ends = (first: first.begun + timeout, second: second.begun + timeout)
        while true {
            let limit = min(deadline, ends.first, ends.second)
            let (ready, reason) = await waiter.wait(
                forOneOf: [(first.handle.socket, first.wants), (second.handle.socket, second.wants)],
                until: limit
            )
            let isFirst = reason == .ready ? ready == 0 : ends.first <= .now
            let progress: RaceProgress
            switch reason {
            case .ready: progress = isFirst ? Self.advance(&first) : Self.advance(&second)
            case .timedOut where limit < deadline: progress = .failed(tooSlow(.transport))
            case .timedOut, .cancelled:
                current = consume first
                rival = consume second
                noteLeft()
                return reason == .cancelled ? .cancelled : .timedOut
            }
            switch progress {
            case .waits: continue
            case .accepted:
                // The one that was slow has its turn again if this one fails. An address of the same host is no other host, for
                // which a server would be left that has accepted.
                let (winner, loser) = isFirst ? (first.target, second.target) : (second.target, first.target)
                if loser.host == winner.host { addresses.insert(loser, at: 0) } else { targets.insert(loser, at: 0) }
                current = isFirst ? consume first : consume second
            case .failed(let error):
                let (wasLeft, target) = isFirst ? (first.wasLeft, first.target) : (second.wasLeft, second.target)
                if wasLeft, Self.mayBeStale(error) { addresses.append(target) } else { failures.append(error) }
                current = isFirst ? consume second : consume first
                // Alone again, it may have another one beside it.
                current?.wasRivalled = false
            }
            return nil
        }
    }

    private enum RaceProgress {
        case waits, accepted, failed(LibpqError)
    }

    private static func advance(_ candidate: inout Candidate) -> RaceProgress {
        switch candidate.handle.connectPoll() {
        case .reading: candidate.wants = .read
        case .writing: candidate.wants = .write
        case .failed: return .failed(error(candidate.handle, phase: .transport))
        case .ok: return .accepted
        }
        return candidate.handle.connectPhase == .transport ? .waits : .accepted
    }
}

extension HostPlan.Target {
    /// Whether a connect would go to the very same address and port.
    func isSamePlace(as other: Self) -> Bool {
        (hostaddr ?? host) == (other.hostaddr ?? other.host) && port == other.port
    }
}

extension SocketWaiter {
    /// Waits until one of several sockets is ready.
    ///
    /// - Returns: which one, and why the wait is over.
    func wait(
        forOneOf sockets: [(descriptor: Int32, interest: SocketInterest)],
        until deadline: Moment
    ) async -> (index: Int, reason: WakeReason) {
        // libpq decides whether a descriptor that is gone is an error: polling tells.
        if let gone = sockets.firstIndex(where: { $0.descriptor < 0 }) { return (gone, .ready) }
        return await withTaskGroup(of: (index: Int, reason: WakeReason).self) { group in
            for (index, socket) in sockets.enumerated() {
                group.addTask { [poller] in
                    let reason = await poller.sleep(
                        at: Parking(),
                        for: (socket.descriptor, socket.interest),
                        until: deadline,
                        isCancellable: true
                    )
                    return (index, reason)
                }
            }
            let first = await group.next() ?? (0, .cancelled)
            group.cancelAll()
            // Nobody waits for a descriptor any more that may be closed next.
            await group.waitForAll()
            return first
        }
    }
}
