internal import PoolCore

extension VernalError {
    /// Whether a server or a pooler refused a connection because it has no room, or was asked too often.
    var isOverload: Bool { advice?.cause == .tooManyConnections || advice?.cause == .connectRate }

    /// Why an acquire that may be retried failed, for those who decide when.
    ///
    /// Whoever says for how long it will go on refusing is asked again over another such time.
    var connectTrouble: ConnectTrouble {
        isOverload ? .overload(retryAfter: advice?.pause.map { $0 * .random(in: 1..<2) }) : .starting
    }
}
