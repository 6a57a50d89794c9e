internal import Moments

/// What the poller watches, each under a token that no later one has.
///
/// A table of places and no dictionary: there is an entry made and taken out for every wait, and hashing costs more than all the rest of that.
struct SleeperTable: ~Copyable {
    private struct Place: Sendable {
        /// How often the place was used: part of the token, so that a late word about an earlier sleeper wakes nobody.
        var turn: UInt32 = 0
        var entry: Poller.Entry?
    }

    private var places = UniqueArray<Place>()
    private var free: [Int] = []
    /// How many of the entries watch a socket.
    private(set) var sockets = 0

    /// Keeps an entry.
    ///
    /// - Returns: its token.
    mutating func insert(_ entry: Poller.Entry) -> UInt64 {
        if entry.watchesSocket { sockets += 1 }
        let index: Int
        if let place = free.popLast() {
            index = place
        } else {
            index = places.count
            places.append(Place())
        }
        // Never 0, so that no token is.
        places[index].turn = max(1, places[index].turn &+ 1)
        places[index].entry = entry
        return token(of: index)
    }

    /// Takes an entry out; `nil` when it is not there any more.
    mutating func remove(_ token: UInt64) -> Poller.Entry? {
        let index = Int(truncatingIfNeeded: token & 0xFFFF_FFFF)
        guard index < places.count, token == self.token(of: index) else { return nil }
        guard let entry = places[index].entry.take() else { return nil }
        free.append(index)
        if entry.watchesSocket { sockets -= 1 }
        return entry
    }

    /// Everybody who sleeps.
    var parkings: [Parking] { (0..<places.count).compactMap { places[$0].entry?.parking } }

    /// Takes out whose time is over.
    ///
    /// - Returns: where they sleep, and when the next one's time is over.
    mutating func removeDue(_ now: Moment) -> (due: [Parking], next: Moment?) {
        var due: [Parking] = []
        var next: Moment?
        for index in 0..<places.count {
            guard let deadline = places[index].entry?.deadline else { continue }
            if deadline <= now {
                if let entry = remove(token(of: index)) { due.append(entry.parking) }
            } else if next.map({ deadline < $0 }) ?? true {
                next = deadline
            }
        }
        return (due, next)
    }

    private func token(of index: Int) -> UInt64 { UInt64(places[index].turn) << 32 | UInt64(index) }
}
