internal import LibpqIO
internal import Moments

/// The beginning of a transaction that goes along with its first statement.
///
/// Indirect, because a connection is to be small: it is passed on several times for each use.
indirect enum TransactionOpening: Sendable {
    /// Not sent yet.
    case pending(String)
    /// The transaction did not come about: nothing may be run in its place without one.
    case failed(VernalError)
}

extension PostgresConnection {
    /// Opens a transaction, or sees to it that its first statement does.
    mutating func open(_ options: TransactionOptions) async throws(VernalError) {
        guard upstream.allowsPipelining else {
            // One flight: what limits the transaction at the server goes along with its beginning.
            try await command(options.begin + localLimits)
            return
        }
        do throws(LibpqError) {
            try link.checkBeforeSending(until: limits.deadline(nil))
        } catch {
            throw noted(error)
        }
        opening = .pending(options.begin)
    }

    private var localLimits: String { upstream.allowsLocalSettings ? limits.serverLimits : "" }

    /// The statements that open the transaction, if it is still to be opened.
    ///
    /// - Throws: why it could not be opened before.
    func openingStatements() throws(VernalError) -> [String] {
        switch opening {
        case nil: return []
        case .failed(let error): throw error
        case .pending(let begin): return (begin + localLimits).split(separator: "; ").map(String.init)
        }
    }

    /// Sends the beginning of the transaction, if that has not been done, ahead of what cannot take it along.
    ///
    /// - Parameter command: what else is to be sent with it, with `"; "` before it.
    /// - Throws: why it could not be opened.
    mutating func sendOpening(_ command: String = "") async throws(VernalError) {
        guard let opening else { return }
        if case .failed(let error) = opening { throw error }
        guard case .pending(let begin) = opening else { return }
        do throws(VernalError) {
            try await self.command(begin + localLimits + command)
            self.opening = nil
        } catch {
            noteOpening(error)
            throw error
        }
    }

    /// Runs the first statement of a transaction, and opens that in the same flight.
    mutating func runFirst(
        _ query: SQLQuery,
        until deadline: Moment?,
        _ span: consuming TraceSpan
    ) async throws(VernalError) -> PGResultHandle {
        let others: [String]
        do throws(VernalError) {
            others = try openingStatements()
        } catch {
            span.end(error)
            throw error
        }
        do throws(LibpqError) {
            let result = try await link.query(query.text, query.parameters, after: others, until: deadline)
            opening = nil
            span.end()
            return result
        } catch {
            let failure = noted(error)
            noteOpening(failure)
            span.end(failure)
            throw failure
        }
    }

    /// The flight with the beginning of the transaction has failed.
    mutating func noteOpening(_ error: VernalError) {
        // What was not sent can be sent later.
        guard error.statementWasSent || error.code == .connectionLost else { return }
        opening = link.isIdle ? .failed(error) : nil
    }
}
