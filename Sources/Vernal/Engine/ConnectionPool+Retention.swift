internal import LibpqIO
internal import Moments
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// How long a count of the server's slots is taken for true.
    private static let countLifetime: Duration = .seconds(10)
    /// How long the count may take: it comes after the answer of the invocation, but before the next one, and the host waits for no
    /// more than 50 ms.
    private static let countLimit: Duration = .milliseconds(40)

    /// The process may be frozen: what it does not need goes back to the server, if others are short of it.
    func prepareForFreeze() async {
        // Behind a pooler an idle connection holds none of the server's slots.
        let isWorthIt = configuration.retention != .adaptive || !upstream.rules.keepsIdleConnections
        if isWorthIt {
            // A server that is too busy to count has others to serve.
            let isBusy = await countSlots() == .unanswered
            if isBusy || shared.withLock({ $0.retention.givesBack(now: .now) }) { close { $0.releaseIdle() } }
        }
        await returnTickets()
    }

    /// What came of a count.
    private enum Count {
        case done, notNeeded, unanswered
    }

    /// Counts the server's slots on an idle connection.
    ///
    /// Here, and not when the connection is made: the count is newer, and no caller waits for it.
    private func countSlots() async -> Count {
        let mustCount = shared.withLock { shared in
            guard configuration.keepsConnections, shared.mayCountSlots, shared.retention.isWorthCounting(now: .now),
                shared.slotsCountedAt.map({ .now - $0 > Self.countLifetime || $0 > .now }) ?? true
            else { return false }
            let snapshot = shared.state.snapshot
            guard snapshot.waiting == 0, let newest = shared.state.newestIdle else { return false }
            // A server that is far away is not a busy one: nothing is answered in so little time, neither the question nor what
            // was sent when the connection came back, and that would cost the connection.
            guard shared.slots[newest.slot].holdsConnection({ $0.link.quickestAnswer < Self.countLimit / 2 }) else {
                return false
            }
            shared.slotsCountedAt = .now
            return true
        }
        let request = AcquireRequest(until: .now + Self.countLimit, from: CallSite())
        guard mustCount, let connection = try? await tryAcquire(request) else { return .notNeeded }
        do {
            let counted = try await lend(connection) { connection in
                try await connection.ask(Self.slotUsage, until: request.deadline)
                    .decode((Int, String, String, String?).self).first
            }
            guard let (used, all, reserved, reservedForRoles) = counted,
                let all = Int(all), let reserved = Int(reserved)
            else { return .notNeeded }
            let usage = SlotUsage(used: used, usable: all - reserved - (reservedForRoles.flatMap { Int($0) } ?? 0))
            shared.withLock { $0.retention.slotsCounted(usage, jitter: .random(in: 0..<1)) }
            return .done
        } catch let error as VernalError where error.code == .server {
            // Something that speaks PostgreSQL's protocol and has no such function: it is not asked again.
            shared.withLock { $0.mayCountSlots = false }
            return .notNeeded
        } catch {
            return .unanswered
        }
    }

    /// Client connections, and how many there may be.
    ///
    /// Who has a database and a user is a client (or works for one); the kind of another user's backend is not shown to
    /// everybody. The function behind `pg_stat_activity` takes a new backend half of the time that the view takes; and each cast and
    /// operator would be one more thing that it has to look up, so the rest is computed here.
    /// `reserved_connections` came with PostgreSQL 16.
    private static let slotUsage: SQLQuery = """
        SELECT count(*), current_setting('max_connections'), current_setting('superuser_reserved_connections'), \
        current_setting('reserved_connections', true) \
        FROM pg_catalog.pg_stat_get_activity(NULL) WHERE datid IS NOT NULL AND usesysid IS NOT NULL
        """

    // MARK: What a process leaves for the next one

    /// The note about this server in the folder for temporary files.
    var backoffNote: BackoffNote {
        let settings = configuration.settings
        var place = ""
        for keyword in ["host", "hostaddr", "port", "dbname", "user"] { place += (settings[keyword] ?? "") + "\n" }
        return BackoffNote(server: place)
    }

    /// A caller is refused for want of slots, and its process may be ended for it: its successor is not to ask at once.
    func leaveNote(failures: Int) {
        let now = Moment.now
        let pause = Backoff.delay(attempt: failures, jitter: .random(in: 0..<1), cap: .seconds(5))
        backoffNote.leave(until: now + pause, failures: failures, now: now)
    }
}
