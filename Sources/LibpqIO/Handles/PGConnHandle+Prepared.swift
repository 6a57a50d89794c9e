internal import CLibpq

extension PGConnHandle {
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
