internal import LibpqIO
internal import Moments
internal import PoolCore

extension PostgresConnection {
    /// Looks at a statement before it is sent, where that matters.
    ///
    /// If it is not known what is in between, and the answer would make a difference now, the server is asked: one round trip, once
    /// in the life of the process.
    ///
    /// - Throws: `misuse` when the statement is not to be sent.
    mutating func keepRules(of text: String) async throws(VernalError) {
        let inTransaction = isInTransaction
        guard upstream.isBreach(text, inTransaction: inTransaction) else { return }
        if upstream.takesProbe() { await probe() }
        try upstream.report(text, inTransaction: inTransaction)
    }

    /// Refuses a transaction where there are none.
    func checkTransactions() throws(VernalError) {
        guard !upstream.rules.allowsTransactions else { return }
        throw VernalError(
            .misuse,
            "the pooler in front of the database pools statements (pool_mode = statement), so there are no transactions: "
                + "connect through one that pools transactions"
        )
    }

    /// Asks the backend who it is.
    ///
    /// A failure says nothing and is nobody's: the statement that follows finds the connection as it is.
    ///
    /// - Parameter end: when the statement that follows has to be done.
    mutating func probe(until end: Moment? = nil) async {
        // In a transaction a statement that fails would end it, so that only what cannot fail is asked there.
        let question = isInTransaction ? UpstreamProbe.shortQuestion : UpstreamProbe.question
        guard link.transactionStatus != .inFailedTransaction else { return }
        let deadline = min(end ?? limits.deadline(nil) ?? .now + .seconds(5), .now + .seconds(5))
        link.cancelTimeout = limits.cancelTimeout()
        do throws(LibpqError) {
            let result = try await link.query(question, StatementParameters(), binary: false, until: deadline)
            guard let probe = UpstreamProbe(result, of: link, age: age) else { return }
            upstream.probed(probe)
        } catch {
            // A server that refuses it will do so again.
            if error.server == nil { upstream.probeFailed() }
            upstream.heard(error.server)
        }
    }
}

extension UpstreamProbe {
    /// Plain reading, which pins nothing: `pg_stat_get_activity` may be called by everyone and shows everyone his own row.
    static let question = """
        SELECT pg_catalog.pg_backend_pid(), a.ssl, a.client_port, \
        extract(epoch FROM pg_catalog.clock_timestamp() - a.backend_start) \
        FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS a
        """

    /// What can be asked in a transaction, too: it cannot fail.
    static let shortQuestion = "SELECT pg_catalog.pg_backend_pid(), NULL, NULL, NULL"

    /// Reads the answer, which is in text.
    init?(_ result: borrowing PGResultHandle, of link: borrowing LibpqConnection, age: Duration) {
        guard result.ntuples == 1, result.nfields == 4, let number = result.text(0).flatMap({ Int32($0) }) else {
            return nil
        }
        self.init(
            announcedPID: link.backendPID,
            backendPID: number,
            clientPort: result.text(2).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil },
            localPort: link.localPort,
            isBackendEncrypted: result.text(1).map { $0 == "t" },
            isClientEncrypted: link.isEncrypted,
            backendHeadStart: result.text(3).flatMap { Double($0) }.map { $0 - age.inSeconds }
        )
    }
}

extension PGResultHandle {
    /// A value in text format; `nil` for NULL.
    func text(_ column: Int, row: Int = 0) -> String? {
        guard row < ntuples, column < nfields, !getisnull(row, column) else { return nil }
        return withValue(row, column) { bytes in
            var copy: [UInt8] = []
            for index in bytes.indices { copy.append(bytes[index]) }
            return String(decoding: copy, as: UTF8.self)
        }
    }
}
