internal import CLibpq

// The constants of libpq as Swift values. This is the only file that translates them.

/// The outcome of `PQresultStatus`.
package enum ExecStatus: Sendable, Hashable {
    case emptyQuery, commandOK, tuplesOK, copyOut, copyIn, copyBoth, badResponse, nonfatalError, fatalError
    case singleTuple, tuplesChunk, pipelineSync, pipelineAborted
    case other(UInt32)

    init(_ status: ExecStatusType) {
        self =
            switch status {
            case PGRES_EMPTY_QUERY: .emptyQuery
            case PGRES_COMMAND_OK: .commandOK
            case PGRES_TUPLES_OK: .tuplesOK
            case PGRES_COPY_OUT: .copyOut
            case PGRES_COPY_IN: .copyIn
            case PGRES_COPY_BOTH: .copyBoth
            case PGRES_BAD_RESPONSE: .badResponse
            case PGRES_NONFATAL_ERROR: .nonfatalError
            case PGRES_FATAL_ERROR: .fatalError
            case PGRES_SINGLE_TUPLE: .singleTuple
            case PGRES_PIPELINE_SYNC: .pipelineSync
            case PGRES_PIPELINE_ABORTED: .pipelineAborted
            default: vernal_is_chunk_of_rows(status) == 1 ? .tuplesChunk : .other(status.rawValue)
            }
    }
}

/// The outcome of `PQtransactionStatus`, which is local knowledge: asking costs no round trip.
package enum TransactionStatus: Sendable, Hashable {
    /// Between transactions.
    case idle
    /// A command is on its way: its end has not been read yet.
    case active
    /// In a transaction, between commands.
    case inTransaction
    /// In a transaction that has failed.
    case inFailedTransaction
    /// The connection is bad.
    case unknown

    init(_ status: PGTransactionStatusType) {
        self =
            switch status {
            case PQTRANS_IDLE: .idle
            case PQTRANS_ACTIVE: .active
            case PQTRANS_INTRANS: .inTransaction
            case PQTRANS_INERROR: .inFailedTransaction
            default: .unknown
            }
    }
}

/// What `PQconnectPoll` wants next.
enum ConnectPolling {
    case reading, writing, failed, ok

    init(_ status: PostgresPollingStatusType) {
        self =
            switch status {
            case PGRES_POLLING_READING: .reading
            case PGRES_POLLING_WRITING: .writing
            case PGRES_POLLING_OK: .ok
            default: .failed
            }
    }
}

/// The fields of an error or notice that `PQresultErrorField` can be asked for.
enum DiagnosticField {
    case severity, localizedSeverity, sqlState, message, detail, hint, position, context, schema, table, column,
        dataType, constraint

    /// The letter of the field in the protocol, as in `postgres_ext.h` (whose macros Swift cannot import).
    var code: Int32 {
        let letter: Unicode.Scalar =
            switch self {
            case .severity: "V"
            case .localizedSeverity: "S"
            case .sqlState: "C"
            case .message: "M"
            case .detail: "D"
            case .hint: "H"
            case .position: "P"
            case .context: "W"
            case .schema: "s"
            case .table: "t"
            case .column: "c"
            case .dataType: "d"
            case .constraint: "n"
            }
        return Int32(letter.value)
    }
}
