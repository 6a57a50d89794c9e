/// The numbers that a pool decides by.
///
/// They are taken as they are: whoever makes them has checked them.
package struct PoolLimits: Sendable, Hashable {
    /// How many connections are kept.
    package var size = 1
    /// How many more may be open at a time; they are closed when they come back.
    package var maxOverflow = 0
    /// How many connections stay open however long they are idle.
    package var minConnections = 0
    /// Whether a connection that comes back is kept for the next borrower.
    ///
    /// If not, there is no pool, only a limit: what comes back is handed to somebody who waits, or closed.
    package var keepsConnections = true
    /// How often a connection is lent before it is closed; `nil`: as often as one likes.
    package var maxUses: Int?
    /// How many acquires may wait at a time; one more is refused at once.
    ///
    /// A borrower whose connection was found dead is not counted: it was served already.
    package var maxWaiters = 32

    /// A connection that has been idle for longer is closed.
    package var idleTimeout: Duration = .seconds(60)
    /// A connection that has been idle for longer is closed even if `minConnections` would keep it: the network
    /// between has most likely forgotten it.
    package var hardIdleLimit: Duration = .seconds(300)
    /// A connection that is older is closed when it is not in use.
    package var maxLifetime: Duration = .seconds(900)
    /// The part of `maxLifetime` that may be taken off by chance, so that a fleet does not reconnect in step.
    package var lifetimeJitter = 0.1

    /// A connection that came back less than this ago is lent without a look at it.
    package var pingBypass: Duration = .milliseconds(500)
    /// A connection that has been idle for longer is pinged before it is lent.
    package var pingIdleAge: Duration = .seconds(30)

    /// A half-open connection whose connect was begun longer ago is closed instead of being gone on with: the time limit of
    /// a connect is over, and the server may have given it up.
    package var halfOpenLimit: Duration = .seconds(3)

    /// How many connects may be made at once after a quiet time.
    package var connectBurst = 1
    /// How many connects a second may be made in the long run.
    package var connectRate = 5.0
    /// Whether `connectBurst` is the limit of the pool, and follows it when the pool is resized.
    package var connectBurstFollowsLimit = false
    /// How many of `connectBurst` may be made at once by a process that has just started; `nil`: all of them.
    package var connectStartLevel: Int?
    /// How many connects may be under way at a time; `nil`: as many as there are tokens for.
    ///
    /// While some are, those who wait are served by whatever comes first, a new connection or one that is given back.
    package var connectConcurrency: Int?

    /// After how many retryable connect failures in a row connects are given up for a while; `nil`: never.
    package var breakerThreshold: Int?

    package init() {}

    /// The most connections that may be open.
    package var maxOpen: Int { size + maxOverflow }
}
