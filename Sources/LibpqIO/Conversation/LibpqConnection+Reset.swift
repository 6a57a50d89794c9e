package import Moments

extension LibpqConnection {
    /// Sends commands that clean the session, and does not wait for the answer.
    ///
    /// The server works while nobody wants the connection, and lets go of locks at once; the answer is read before the
    /// next use, and costs that use no round trip.
    ///
    /// - Returns: whether the commands were taken; if not, the connection is not to be used any more.
    package mutating func sendReset(_ commands: String) -> Bool {
        guard handle.sendQuery(commands), handle.flush() == .done else { return false }
        isResetUnderWay = true
        return true
    }

    /// Reads the answer to a reset, if one was sent.
    ///
    /// - Parameter deadline: when to give it up.
    /// - Returns: whether the session is clean and the connection usable.
    package mutating func finishReset(until deadline: Moment) async -> Bool {
        guard isResetUnderWay else { return true }
        isResetUnderWay = false
        // Nobody waits for a cancelled reset: the connection is closed instead.
        cancelTimeout = .zero
        do throws(LibpqError) {
            _ = try await answer(until: deadline, isCancellable: false)
        } catch {
            return false
        }
        return transactionStatus == .idle
    }
}
