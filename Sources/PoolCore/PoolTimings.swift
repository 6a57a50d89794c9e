internal import Moments

/// How long things take in a pool.
package struct PoolTimings: Sendable, Hashable {
    /// From asking for a connection to having it, of all who got one.
    package internal(set) var acquire = DurationHistogram()
    /// From lending a connection to its return.
    package internal(set) var use = DurationHistogram()
    /// From the beginning of a connect to the open connection.
    package internal(set) var connect = DurationHistogram()

    package init() {}
}
