/// An open connection and the conversations that can be held over it, one at a time.
package struct LibpqConnection: ~Copyable {
    var handle: PGConnHandle
    var pace: AnswerPace
    /// Where it waits; changed only by tests and benchmarks.
    package var waiter = SocketWaiter.shared
    /// How long a server may take to give up a statement that it was asked to cancel.
    ///
    /// After that the connection is not usable any more. With 0 it is not asked.
    package var cancelTimeout: Duration = .seconds(1)

    init(_ handle: consuming PGConnHandle, pace: AnswerPace) {
        self.handle = handle
        self.pace = pace
        self.pace.connected()
        self.handle.setDefaultErrorVerbosity()
        self.handle.setnonblocking()
        self.handle.lifeline.attach(self.handle.socket, self.handle.cancelRequest)
    }

    /// Whether the connection was given up.
    private var wasLeft = false

    /// How long the quickest of the server's answers has taken, those of the connect included: how far away it is.
    package var quickestAnswer: Duration { .nanoseconds(pace.quickest) }

    /// How a reset was sent whose answer has not been read yet.
    var reset: Reset?

    /// Ends the connection from outside while somebody uses it.
    package var lifeline: Lifeline { handle.lifeline }

    /// The process that serves this connection; 0 when the server gave no key to cancel with.
    package var backendPID: Int32 { handle.backendPID }

    /// The version of the server, as `PQserverVersion` writes it: 150018 is 15.18.
    package var serverVersion: Int { handle.serverVersion }

    /// The host that was connected to, as it was named: a name, an address, or the folder of a socket.
    package var host: String? { handle.host }

    /// The port that was connected to.
    package var port: Int? { handle.port }

    /// The user that has logged in.
    package var user: String? { handle.user }

    /// The `application_name` that was asked for.
    package var applicationName: String? { handle.applicationName }

    /// The port of this end; `nil` over a unix socket.
    package var localPort: Int? { LibpqIO.localPort(of: handle.socket) }

    /// Whether the connection is encrypted.
    package var isEncrypted: Bool { handle.sslInUse }

    /// What the server last reported of a parameter; only of those that it reports.
    package func parameterStatus(_ name: String) -> String? { handle.parameterStatus(name) }

    /// Where the session stands; `unknown` when the connection is bad.
    ///
    /// Costs no round trip.
    package var transactionStatus: TransactionStatus {
        handle.isOK && !wasLeft ? handle.transactionStatus : .unknown
    }

    /// Whether the session is between transactions.
    ///
    /// It changes nothing; but whoever only reads a value of this size makes a copy of it first, and this is asked for each lease.
    package var isIdle: Bool {
        mutating get { transactionStatus == .idle }
    }

    /// Gives the connection up in the middle of something: libpq may take it for a good one still.
    package mutating func leave() {
        wasLeft = true
        lifeline.cut()
    }

    /// Why the server ended the connection while nobody was asking, when it said so.
    package var farewell: ServerMessage? { handle.farewell }

    /// What the server said last of its own accord, besides a farewell: a notice, a warning.
    package var lastNotice: ServerMessage? { handle.lastNotice }

    /// Whether the connection is still there, as far as can be told without asking the server.
    ///
    /// A readable socket is not a dead one: notices, parameter changes, TLS tickets and a pooler's heartbeat make it
    /// readable too. So what there is gets read, until there is no more or the end of the stream is among it. A
    /// connection whose end was lost on the way still looks alive; only a ping tells.
    package mutating func isStillConnected() -> Bool {
        // Bounded, so that a server that talks without end cannot hold the caller.
        for _ in 0..<16 {
            guard handle.isOK, handle.farewell == nil else { return false }
            guard waiter.isReadable(handle.socket) else { return true }
            guard handle.consumeInput() else { return false }
            // Reading the messages out of libpq's buffer is what gives the notices to the receiver.
            guard !handle.isBusy() else { return false }
        }
        return handle.isOK && handle.farewell == nil
    }
}
