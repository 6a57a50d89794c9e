internal import LibpqIO
internal import PoolCore
internal import Synchronization

extension ConnectionPool {
    /// The counts of this moment, for an error.
    var counts: VernalError.PoolCounts {
        let snapshot = shared.withLock { $0.state.snapshot }
        return VernalError.PoolCounts(
            size: snapshot.counts.open,
            idle: snapshot.counts.idle,
            leased: snapshot.counts.leased,
            connecting: snapshot.counts.connecting + snapshot.counts.halfOpen,
            waiting: snapshot.waiting,
            limit: snapshot.maxOpen
        )
    }

    /// The error of an acquire that had to stop.
    func gaveUp(_ reason: GaveUp, _ wait: VernalError.Wait) -> VernalError {
        let (code, message): (VernalError.Code, String) =
            switch reason {
            case .cancelled:
                (.cancelled, "the task was cancelled")
            case .timedOut where wait == .poolQueue:
                (
                    .poolExhausted,
                    "no connection became free in time: hold connections for less time, or allow more of them"
                        + holders
                )
            case .timedOut:
                (.timedOut, "no connection could be opened in time")
            }
        return explained(code, message) { $0.wait = wait }
    }

    /// Who has the connections that somebody waited for in vain.
    private var holders: String {
        let holders = shared.withLock { $0.holders(now: .now, atMost: 3) }
        guard !holders.isEmpty else { return "" }
        let list = holders.map { "\($0.site) for \(VernalError.rounded($0.heldFor))" }.joined(separator: ", ")
        return " (held by \(list))"
    }

    /// The error of an acquire whose deadline had passed before it began.
    func tooLate() -> VernalError {
        explained(.timedOut, "the deadline had passed before a connection was asked for") { $0.wait = .poolQueue }
    }

    /// The error of an acquire in a forked child.
    func inherited() -> VernalError {
        VernalError(
            .misuse,
            "this engine was made before the process was forked, and its connections are the parent's: "
                + "make a new one, or take the one of getEngine()"
        )
    }

    /// The error of an acquire that was refused.
    func rejected(_ reason: PoolRejection, _ borrower: Borrower) -> VernalError {
        switch reason {
        case .tooManyWaiters:
            explained(
                .tooManyWaiters,
                "\(configuration.maxWaiters) callers are waiting for a connection already (maxWaiters): hold connections for "
                    + "less time, or allow more of them (poolSize)" + holders
            ) { $0.wait = .poolQueue }
        case .closed:
            explained(.poolClosed, "the engine was disposed of: nothing can be run on it any more")
        case .throttled:
            explained(
                .throttled,
                "this process has opened too many connections lately, and the next may be opened after the deadline: find out "
                    + "what closes them (statistics.evictions), or allow more a second (connectRate)"
            ) { $0.wait = .connectThrottle }
        case .notAdmitted:
            explained(
                .throttled,
                "the fleet has opened too many connections lately, and the next may be opened after the deadline: allow more in "
                    + "the admission (connectAdmission), or give callers more time"
            ) { $0.wait = .connectThrottle }
        case .breakerOpen:
            explained(
                .connectFailed,
                "so many connects have failed lately that none is tried at the moment (breakerThreshold)"
            )
        case .heldByCaller:
            waitsForItself(borrower)
        case .wouldWait:
            explained(.poolExhausted, "there is no connection to be had at once")
        case .connectRefused:
            // What the one who connected was told holds for those who waited for it.
            shared.withLock { $0.lastConnectError }
                ?? explained(.connectFailed, "the connect that this caller waited for was refused")
        }
    }

    private func waitsForItself(_ borrower: Borrower) -> VernalError {
        let sites = shared.withLock { shared in
            shared.state.leasesOut.compactMap { connection -> CallSite? in
                guard let holder = shared.watch.borrower(of: connection), holder.task == borrower.task else {
                    return nil
                }
                return holder.site
            }
        }
        return explained(
            .misuse,
            "this task waits at \(borrower.site) for a connection that it holds itself, since "
                + sites.map(\.description).joined(separator: " and ")
                + ": use the connection that it has, or allow more of them (poolSize)"
        ) { $0.wait = .poolQueue }
    }

    private func explained(
        _ code: VernalError.Code,
        _ message: String,
        _ change: (inout VernalError.Fields) -> Void = { _ in }
    ) -> VernalError {
        let failure = shared.withLock { $0.lastConnectError?.connectFailure }
        let counts = counts
        return VernalError(code, message) { fields in
            fields.poolCounts = counts
            fields.lastConnectFailure = failure
            if code == .connectFailed { fields.sqlState = failure?.sqlState }
            change(&fields)
        }
    }
}
