public import CLibpq

/// The owner of a `PGresult`: one method per libpq function, libpq's words kept.
///
/// A result is read-only once libpq has handed it over, and libpq documents that several threads may read one at the
/// same time. There is one owner, so nothing can read it after `PQclear`. That is why it is `Sendable`.
///
/// It is public in a module that no user sees, because only what is public is worked out in place by other modules.
@safe @frozen
public struct PGResultHandle: ~Copyable, @unchecked Sendable {
    @usableFromInline let result: OpaquePointer

    init(owning result: OpaquePointer) {
        unsafe self.result = result
    }

    deinit {
        unsafe PQclear(result)
    }

    /// The corresponding libpq function is `PQresultStatus`.
    package var status: ExecStatus { unsafe ExecStatus(PQresultStatus(result)) }

    /// The corresponding libpq function is `PQntuples`.
    package var ntuples: Int { unsafe Int(PQntuples(result)) }

    /// The corresponding libpq function is `PQnfields`.
    package var nfields: Int { unsafe Int(PQnfields(result)) }

    /// The corresponding libpq function is `PQfname`.
    package func fname(_ column: Int) -> String {
        guard let name = unsafe PQfname(result, Int32(column)) else { return "" }
        return unsafe String(cString: name)
    }

    /// Whether a column has a name, byte for byte: no string is made for it.
    ///
    /// The corresponding libpq function is `PQfname`.
    package func fname(_ column: Int, is name: String) -> Bool {
        guard var byte = unsafe PQfname(result, Int32(column)) else { return name.isEmpty }
        for wanted in name.utf8 {
            // Also at the end of the shorter one, which is a NUL, and no name has one.
            // `CChar` has a sign on some platforms, and none on others.
            guard unsafe UInt8(truncatingIfNeeded: byte.pointee) == wanted else { return false }
            unsafe byte += 1
        }
        return unsafe byte.pointee == 0
    }

    /// The same for results with the same columns, and nearly always another one for others.
    package var shape: UInt64 {
        var hash = FNVHash()
        for column in 0..<nfields {
            hash.combine(ftype(column))
            guard var byte = unsafe PQfname(result, Int32(column)) else { continue }
            while unsafe byte.pointee != 0 {
                unsafe hash.combine(byte.pointee)
                unsafe byte += 1
            }
        }
        return hash.value ^ hash.value >> 32
    }

    /// The corresponding libpq function is `PQftype`.
    package func ftype(_ column: Int) -> UInt32 { unsafe PQftype(result, Int32(column)) }

    /// The corresponding libpq function is `PQgetisnull`.
    ///
    /// - Precondition: the row and the column exist.
    @usableFromInline
    package func getisnull(_ row: Int, _ column: Int) -> Bool {
        precondition(row >= 0 && row < ntuples && column >= 0 && column < nfields, "no such cell")
        return unsafe PQgetisnull(result, Int32(row), Int32(column)) == 1
    }

    /// Gives `body` the bytes of a cell, straight from the memory of the result.
    ///
    /// The corresponding libpq functions are `PQgetvalue` and `PQgetlength`. A NULL has no bytes: ask `getisnull` first.
    ///
    /// - Precondition: the row and the column exist.
    package func withValue<R, E: Error>(
        _ row: Int,
        _ column: Int,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(row >= 0 && row < ntuples && column >= 0 && column < nfields, "no such cell")
        let count = unsafe Int(PQgetlength(result, Int32(row), Int32(column)))
        guard count > 0, let value = unsafe PQgetvalue(result, Int32(row), Int32(column)) else {
            return try body(Span())
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: value, count: count)
        return try body(unsafe Span(_unsafeBytes: bytes))
    }

    /// The bytes of a cell, straight from the memory of the result; `nil` for NULL.
    ///
    /// This is the way that every value of every row takes. The corresponding libpq functions are `PQgetvalue`, `PQgetlength` and, for
    /// values without bytes, `PQgetisnull`.
    ///
    /// - Precondition: the row and the column exist.
    @inlinable @inline(__always)
    public func cell(_ row: Int, _ column: Int) -> PGResultCell? {
        let (i, k) = (Int32(truncatingIfNeeded: row), Int32(truncatingIfNeeded: column))
        // A NULL has no bytes, so only values without bytes have to be asked about. libpq checks the row and the column:
        // a cell that does not exist has the length 0.
        let count = unsafe Int(PQgetlength(result, i, k))
        if count == 0, getisnull(row, column) { return nil }
        guard let value = unsafe PQgetvalue(result, i, k) else { preconditionFailure("no such cell") }
        return unsafe PGResultCell(value, count: count)
    }

    /// Whether the values, or the data of a copy, are in binary format.
    ///
    /// The corresponding libpq function is `PQbinaryTuples`.
    package var binaryTuples: Bool { unsafe PQbinaryTuples(result) == 1 }

    /// How many rows an `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `SELECT`, … affected; 0 for other commands.
    ///
    /// The corresponding libpq function is `PQcmdTuples`.
    package var cmdTuples: Int {
        // Of a row that comes alone nothing is said, and libpq would compare all the names of commands to find that out.
        guard unsafe PQresultStatus(result) != PGRES_SINGLE_TUPLE else { return 0 }
        // PQcmdTuples is declared to take a mutable result, though it only reads it.
        guard let text = unsafe PQcmdTuples(result) else { return 0 }
        return unsafe Int(String(cString: text)) ?? 0
    }

    /// A field of the error or notice.
    ///
    /// The corresponding libpq function is `PQresultErrorField`.
    func errorField(_ field: DiagnosticField) -> String? {
        unsafe Self.errorField(field, of: result)
    }

    static func errorField(_ field: DiagnosticField, of result: OpaquePointer?) -> String? {
        guard let text = unsafe PQresultErrorField(result, field.code) else { return nil }
        return unsafe String(cString: text)
    }

    /// The corresponding libpq function is `PQresultErrorMessage`.
    var errorMessage: String {
        guard let text = unsafe PQresultErrorMessage(result) else { return "" }
        return unsafe String(cString: text)
    }
}
