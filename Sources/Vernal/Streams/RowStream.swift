internal import LibpqIO
internal import Moments

/// The rows of a statement that is still running; they are lent, one by one, to the closure of `stream`.
///
/// ```swift
/// try await engine.stream("SELECT id, name FROM users") { rows in
///     while let row = try await rows.next() {
///         let (id, name): (Int, String) = try row.decode()
///     }
/// }
/// ```
///
/// The next row is read from the socket only when it is asked for. So a large result takes no more memory than a small one, and a
/// server that is quicker than the closure waits.
public struct RowStream: ~Copyable {
    private enum State {
        case open
        case complete(affectedRows: Int)
        case failed(VernalError)
    }

    private var connection: PostgresConnection
    private let deadline: Moment?
    private var state = State.open
    /// What has arrived and was not asked for yet.
    private var arrived: ResultStorage?
    /// What has arrived and is no row.
    private var ending: PGResultHandle?
    private var position = 0
    private var columnIndex = ColumnIndex([])
    private var plan: RowDecodingPlan?
    /// How many rows there were, says the server.
    ///
    /// Where rows come several at a time, it is said with the last ones, and not after them.
    private var total = 0

    init(_ connection: consuming PostgresConnection, until deadline: Moment?) {
        self.connection = connection
        self.deadline = deadline
    }

    /// The columns, known before the first row is asked for.
    public var columns: [Column] { columnIndex.all }

    /// How many rows there were in all; `nil` before the end.
    public var affectedRows: Int? {
        guard case .complete(let count) = state else { return nil }
        return count
    }

    /// The next row.
    ///
    /// - Returns: the row; `nil` when there are no more.
    /// - Throws: `VernalError` as `PostgresConnection.query`, also in the midst of the rows: `server` when the statement failed there,
    ///   `timedOut` and `cancelled` after the server was asked to give it up, `connectionLost`. Later calls throw the same.
    public mutating func next() async throws -> Row? {
        if arrived == nil, !takeArrived() { try await fetch() }
        guard let storage = arrived else { return nil }
        let row = Row(storage: storage, index: position)
        position += 1
        if position == storage.rowCount { arrived = nil }
        return row
    }

    /// The only column of the next row.
    ///
    /// - Returns: the value; `nil` when there are no more rows.
    /// - Throws: as `next()` and `Row.decode(_:)`.
    public mutating func next<T: PostgresDecodable>(as type: T.Type) async throws -> T? {
        try await next()?.decode(T.self)
    }

    /// The next row as a type with properties, each from the column of the same name; see `Row.decode(_:)`.
    ///
    /// - Returns: the value; `nil` when there are no more rows.
    /// - Throws: as `next()` and `Row.decode(_:)`.
    @_disfavoredOverload
    public mutating func next<T: Decodable>(as type: T.Type) async throws -> T? {
        guard let row = try await next() else { return nil }
        // Every row asks for the same keys: where they are is found once.
        let plan = plan ?? RowDecodingPlan(columnIndex)
        self.plan = plan
        return try RowDecoder(row: row, plan: plan).decode(T.self)
    }

    // MARK: For the connection

    /// Waits for the first rows, from which the columns are known.
    mutating func begin() async throws(VernalError) {
        try await fetch()
        if let arrived { columnIndex = arrived.columns }
    }

    private mutating func fetch() async throws(VernalError) {
        switch state {
        case .open: break
        case .complete: return
        case .failed(let error): throw error
        }
        do throws(LibpqError) {
            take(try await connection.link.nextRows(after: ending.take(), until: deadline))
        } catch {
            let failure = connection.noted(error)
            state = .failed(failure)
            throw failure
        }
    }

    /// Takes rows that are there already.
    ///
    /// - Returns: whether there were any.
    private mutating func takeArrived() -> Bool {
        guard case .open = state, ending == nil, let result = connection.link.arrivedRows() else { return false }
        guard result.ntuples > 0 else {
            ending = consume result
            return false
        }
        take(result)
        return true
    }

    private mutating func take(_ result: consuming PGResultHandle) {
        let isMore = result.ntuples > 0
        let known = columnIndex.all.isEmpty ? nil : columnIndex
        total = max(total, result.cmdTuples)
        if !isMore { state = .complete(affectedRows: total) }
        let storage = ResultStorage(result, columns: known)
        if known == nil { columnIndex = storage.columns }
        arrived = isMore ? storage : nil
        position = 0
    }

    /// Whether there may be more that nobody has read.
    var isOpen: Bool {
        if case .open = state { return true }
        return false
    }

    /// Gives the connection back.
    consuming func finish() -> PostgresConnection { connection }
}
