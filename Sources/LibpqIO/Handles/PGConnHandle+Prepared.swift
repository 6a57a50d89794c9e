internal import CLibpq

extension PGConnHandle {
    /// Sends one of several statements.
    mutating func send(_ statement: PipelinedStatement) -> Bool {
        switch statement.form {
        case .query: sendQueryParams(statement.text, statement.parameters, binary: true)
        case .prepare(let name): sendPrepare(name, statement.text, statement.parameters)
        case .execute(let name): sendQueryPrepared(name, statement.parameters, binary: true)
        }
    }

    /// The corresponding libpq function is `PQsendPrepare`.
    mutating func sendPrepare(_ name: String, _ text: String, _ parameters: borrowing StatementParameters) -> Bool {
        unsafe name.withCString { name in
            unsafe text.withCString { text in
                unsafe parameters.withPointers { count, types, _, _, _ in
                    unsafe PQsendPrepare(conn, name, text, count, types) == 1
                }
            }
        }
    }

    /// The corresponding libpq function is `PQsendQueryPrepared`.
    mutating func sendQueryPrepared(
        _ name: String,
        _ parameters: borrowing StatementParameters,
        binary: Bool
    ) -> Bool {
        unsafe name.withCString { name in
            unsafe parameters.withPointers { count, _, values, lengths, formats in
                unsafe PQsendQueryPrepared(conn, name, count, values, lengths, formats, binary ? 1 : 0) == 1
            }
        }
    }
}
