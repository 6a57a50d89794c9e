internal import Moments

extension LibpqConnection {
    /// Asks the server to give up the statement that is running on this connection.
    ///
    /// A server that gave no key (RDS Proxy and other poolers) cannot be asked, and libpq would report success without
    /// any effect. The request goes over a connection of its own, so it has a time limit of its own. It is not
    /// given up when the task is cancelled: that is the very reason for which it is made.
    ///
    /// - Returns: whether the request was delivered.
    mutating func requestCancel(until deadline: Moment) async -> Bool {
        if let request = handle.pollableCancelRequest {
            return await poll(request, until: deadline)
        }
        guard let request = handle.cancelRequest else { return false }
        let outcome = await waiter.callOnOwnThread(until: deadline, isCancellable: false) { request.request() }
        return (try? outcome.get()) ?? false
    }

    private func poll(_ request: consuming PGPollableCancelHandle, until deadline: Moment) async -> Bool {
        var request = request
        var pace = AnswerPace()
        var interest = SocketInterest.write
        guard request.start() else { return false }
        while true {
            let reason = await waiter.wait(
                for: request.socket,
                interest,
                until: deadline,
                pace: &pace,
                isCancellable: false
            )
            guard reason == .ready else { return false }
            switch request.poll() {
            case .reading: interest = .read
            case .writing: interest = .write
            case .failed: return false
            case .ok: return true
            }
        }
    }
}
