package import Moments

// What the pool's state tells the shell to do. One small type per kind of event, in the imperative. After each event that may
// free a place the shell also asks `nextWake` until there is none.

/// How much has to be known of an idle connection before it is lent.
package enum LivenessCheck: Sendable, Hashable {
    /// It was in use a moment ago.
    case none
    /// See whether its end has arrived at the socket: no round trip.
    case look
    /// Ask the server: one round trip, bounded.
    case ping
}

/// Why an acquire is refused.
package enum PoolRejection: Sendable, Hashable {
    /// As many as may wait are waiting.
    case tooManyWaiters
    /// The pool was shut down.
    case closed
    /// There will be no connect token before the caller's deadline.
    case throttled(until: Moment)
    /// A connect failed in a way that the next one would fail in too.
    case connectRefused
    /// So many connects failed that none is tried before that time.
    case breakerOpen(until: Moment)
    /// The caller itself holds all the connections that there may be.
    case heldByCaller
    /// There is nothing to be had at once, and the caller did not want to wait.
    case wouldWait
}

/// What an acquire has to do next.
package enum AcquireAction: ~Copyable, Sendable {
    /// Take the parked connection and check it first.
    case lend(ConnectionID, LivenessCheck)
    /// Connect, in the caller's own task.
    case open(ConnectPermit)
    /// Go on with the connect that another task had to leave.
    case resume(ConnectPermit)
    /// Sleep until something is handed over, the caller's deadline passes, or the time comes to ask again.
    case wait(WaiterID, askAgain: Moment?)
    case reject(PoolRejection)

    /// Whether it is to sleep.
    package var isWait: Bool {
        switch self {
        case .wait: true
        case .lend: false
        case .open: false
        case .resume: false
        case .reject: false
        }
    }

    /// When a waiter is to ask again, if it is told a time.
    package var timeToAskAgain: Moment? {
        switch self {
        case .wait(_, let time): time
        case .lend: nil
        case .open: nil
        case .resume: nil
        case .reject: nil
        }
    }
}

/// An acquire's action, and the connections that were found too old on the way: they are to be closed first.
package struct AcquireDecision: ~Copyable, Sendable {
    package var close: [ConnectionID] = []
    package let action: AcquireAction

    /// The parts, each with an owner of its own.
    package consuming func take() -> AcquireAction { action }
}

/// What a waiter is woken with.
package enum Handover: ~Copyable, Sendable {
    /// The parked connection, to be checked first.
    ///
    /// One that was just returned needs no check.
    case lend(ConnectionID, LivenessCheck)
    case open(ConnectPermit)
    case resume(ConnectPermit)
    /// Nothing may be opened, or nothing lent, before that time: keep the place in the queue and ask again then.
    case askAgain(at: Moment)
    case reject(PoolRejection)

    /// When the waiter is to ask again, if that is what it is woken for.
    ///
    /// Then it stays in the queue.
    package var timeToAskAgain: Moment? {
        switch self {
        case .askAgain(let time): time
        case .lend: nil
        case .open: nil
        case .resume: nil
        case .reject: nil
        }
    }
}

/// A waiter and what it is woken with, and the connections that were found too old on the way: they are to be closed
/// first.
package struct Wake: ~Copyable, Sendable {
    package var close: [ConnectionID] = []
    package let waiter: WaiterID
    package let handover: Handover

    /// The parts, each with an owner of its own.
    package consuming func take() -> Handover { handover }
}

/// What becomes of a connection that was just made.
package enum ConnectedAction: Sendable, Hashable {
    /// The task that made it has it.
    case lend
    /// The pool was shut down meanwhile.
    case close
}

/// What becomes of a connect whose task had to stop.
package enum InterruptedAction: Sendable, Hashable {
    /// Keep it as it is, for the next task.
    case keep
    /// The pool was shut down meanwhile, or made smaller, or the connection called stale.
    case close
}

/// In which state a connection comes back.
package enum ReturnedState: Sendable, Hashable {
    /// Between transactions, and whole.
    case reusable
    /// Anything else.
    case broken
}

/// What becomes of a connection that came back.
package enum ReturnAction: Sendable, Hashable {
    case park
    case hand(to: WaiterID)
    case close
}

/// What a shutdown does at once.
package struct ShutdownAction: Sendable, Hashable {
    package let close: [ConnectionID]
    package let reject: [WaiterID]
}
