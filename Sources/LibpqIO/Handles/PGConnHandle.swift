internal import CLibpq

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The owner of a `PGconn`: one method per libpq function, libpq's words kept.
///
/// libpq lets any thread use a connection as long as only one does at a time. There is one owner, and every method that
/// changes the connection is `mutating`, so the compiler sees to that. That is why it is `Sendable`.
@safe
struct PGConnHandle: ~Copyable, @unchecked Sendable {
    let conn: OpaquePointer
    private let notices = NoticeLog()
    /// For others than the owner.
    let lifeline = Lifeline()
    private let generation = ForkGuard.generation
    /// Whether a statement had its rows come a few at a time, which libpq may still do.
    var hasRowsMode = false

    /// Starts a connect that does not block, as long as each host is given with its address.
    ///
    /// The corresponding libpq function is `PQconnectStartParams`.
    ///
    /// - Returns: `nil` when there is no memory left; a connection whose status is bad when the start failed.
    init?(connectStart options: [ConnectionSettings.Option]) {
        let started = unsafe withOptions(options) { keywords, values in
            unsafe PQconnectStartParams(keywords, values, 0)
        }
        guard let conn = unsafe started else { return nil }
        unsafe self.conn = conn
        // Verbose until connected: only then does the text of a refusal have the SQLSTATE in it.
        _ = unsafe PQsetErrorVerbosity(conn, PQERRORS_VERBOSE)
        unsafe notices.listen(to: conn)
    }

    deinit {
        lifeline.detach()
        if !ForkGuard.hasForked(since: generation) {
            unsafe PQfinish(conn)
        } else {
            // In a forked child the conversation is the parent's: libpq would say goodbye in its name. What libpq holds is lost.
            _ = unsafe close(PQsocket(conn))
        }
    }

    // MARK: Connecting

    /// The corresponding libpq function is `PQconnectPoll`.
    mutating func connectPoll() -> ConnectPolling { unsafe ConnectPolling(PQconnectPoll(conn)) }

    /// How far the connect has come, from `PQstatus`.
    var connectPhase: LibpqError.ConnectPhase {
        switch unsafe PQstatus(conn) {
        // Bad before anything was polled: there was nobody to connect to, such as a Unix socket that is not there.
        case CONNECTION_STARTED, CONNECTION_NEEDED, CONNECTION_BAD: .transport
        case CONNECTION_SSL_STARTUP, CONNECTION_GSS_STARTUP: .tls
        default: .authentication
        }
    }

    /// The corresponding libpq function is `PQsetErrorVerbosity`, with `PQERRORS_DEFAULT`.
    mutating func setDefaultErrorVerbosity() { _ = unsafe PQsetErrorVerbosity(conn, PQERRORS_DEFAULT) }

    /// The corresponding libpq function is `PQsetnonblocking`.
    mutating func setnonblocking() { _ = unsafe PQsetnonblocking(conn, 1) }

    /// What the connect was asked for, after the environment, the service file and libpq's own defaults were added.
    ///
    /// The corresponding libpq function is `PQconninfo`.
    var conninfo: ConnectionSettings { unsafe ConnectionSettings(consuming: PQconninfo(conn)) }

    /// The `application_name` that the connect was asked for.
    ///
    /// The corresponding libpq function is `PQconninfo`.
    var applicationName: String? {
        var (name, fallback) = (String?.none, String?.none)
        unsafe forEachOption(consuming: PQconninfo(conn)) { keyword, value in
            guard let value = unsafe value else { return }
            if unsafe strcmp(keyword, "application_name") == 0 { name = unsafe String(cString: value) }
            if unsafe strcmp(keyword, "fallback_application_name") == 0 { fallback = unsafe String(cString: value) }
        }
        return name ?? fallback
    }

    // MARK: State

    /// Whether `PQstatus` is `CONNECTION_OK`.
    var isOK: Bool { unsafe PQstatus(conn) == CONNECTION_OK }

    /// The corresponding libpq function is `PQtransactionStatus`.
    var transactionStatus: TransactionStatus { unsafe TransactionStatus(PQtransactionStatus(conn)) }

    /// The corresponding libpq function is `PQsocket`.
    ///
    /// It may change while connecting, so it is never kept.
    var socket: Int32 { unsafe PQsocket(conn) }

    /// The corresponding libpq function is `PQbackendPID`; 0 when the server gave no key to cancel with.
    var backendPID: Int32 { unsafe PQbackendPID(conn) }

    /// The corresponding libpq function is `PQserverVersion`.
    var serverVersion: Int { unsafe Int(PQserverVersion(conn)) }

    /// The corresponding libpq function is `PQhost`.
    var host: String? { unsafe Self.text(PQhost(conn)) }

    /// The corresponding libpq function is `PQport`.
    var port: Int? { unsafe Self.text(PQport(conn)).flatMap { Int($0) } }

    /// The corresponding libpq function is `PQuser`.
    var user: String? { unsafe Self.text(PQuser(conn)) }

    private static func text(_ text: UnsafePointer<CChar>?) -> String? {
        guard let text = unsafe text, unsafe text.pointee != 0 else { return nil }
        return unsafe String(cString: text)
    }

    /// Whether the connection is encrypted.
    ///
    /// The corresponding libpq function is `PQsslInUse`.
    var sslInUse: Bool { unsafe PQsslInUse(conn) == 1 }

    /// The corresponding libpq function is `PQsslAttribute`.
    func sslAttribute(_ name: String) -> String? { unsafe Self.text(PQsslAttribute(conn, name)) }

    /// What the certificate of the server says of itself; `nil` without TLS, and where that is not to be found out.
    ///
    /// The corresponding libpq function is `PQsslStruct`.
    var serverCertificate: TLSFacts.Certificate? {
        var certificate = vernal_certificate()
        guard unsafe vernal_server_certificate(conn, &certificate) == 1 else { return nil }
        return TLSFacts.Certificate(
            subject: Self.text(of: &certificate.subject),
            issuer: Self.text(of: &certificate.issuer),
            notBefore: Int(certificate.not_before),
            notAfter: Int(certificate.not_after)
        )
    }

    /// The text in an array of C, up to its NUL.
    private static func text<Characters: BitwiseCopyable>(of characters: inout Characters) -> String {
        unsafe withUnsafeBytes(of: &characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The corresponding libpq function is `PQparameterStatus`.
    func parameterStatus(_ name: String) -> String? {
        guard let value = unsafe PQparameterStatus(conn, name) else { return nil }
        return unsafe String(cString: value)
    }

    /// The corresponding libpq function is `PQerrorMessage`.
    var errorMessage: String {
        guard let text = unsafe PQerrorMessage(conn) else { return "" }
        return unsafe String(cString: text)
    }

    /// Why the server ended the connection while nobody was asking, when it said so.
    var farewell: ServerMessage? { notices.farewell }

    /// What the server said last of its own accord, besides a farewell.
    var lastNotice: ServerMessage? { notices.lastNotice }

    /// How often it has said something of its own accord, besides a farewell.
    var noticeCount: Int { notices.count }

    // MARK: Statements

    /// The corresponding libpq function is `PQsendQueryParams`.
    mutating func sendQueryParams(
        _ text: String,
        _ parameters: borrowing StatementParameters,
        binary: Bool
    ) -> Bool {
        // Not passed as a String: that would copy the text into an array for the call.
        unsafe text.withCString { text in
            unsafe parameters.withPointers { count, types, values, lengths, formats in
                unsafe PQsendQueryParams(conn, text, count, types, values, lengths, formats, binary ? 1 : 0) == 1
            }
        }
    }

    /// Sends text that may hold several statements; results are text.
    ///
    /// The corresponding libpq function is `PQsendQuery`.
    mutating func sendQuery(_ text: String) -> Bool {
        unsafe text.withCString { unsafe PQsendQuery(conn, $0) == 1 }
    }

    /// The corresponding libpq function is `PQflush`.
    mutating func flush() -> FlushProgress {
        switch unsafe PQflush(conn) {
        case 0: .done
        case 1: .wouldBlock
        default: .failed
        }
    }

    /// The corresponding libpq function is `PQconsumeInput`.
    ///
    /// It reads what its buffer has room for, at least 8 KiB, and a TLS record may have 16 KiB (PostgreSQL sends 8 KiB at most; many
    /// proxies send more). The rest lies in the TLS library then, where no wait for the socket sees it, so it is asked for; also where that
    /// library does not tell.
    mutating func consumeInput() -> Bool {
        guard unsafe PQconsumeInput(conn) == 1 else { return false }
        guard sslInUse, unsafe vernal_tls_pending(conn) != 0 else { return true }
        return unsafe PQconsumeInput(conn) == 1
    }

    /// The corresponding libpq function is `PQisBusy`.
    mutating func isBusy() -> Bool { unsafe PQisBusy(conn) == 1 }

    /// The corresponding libpq function is `PQgetResult`; `nil` when the answer is complete.
    ///
    /// - Precondition: `isBusy()` was false, or this blocks.
    mutating func getResult() -> PGResultHandle? {
        guard let result = unsafe PQgetResult(conn) else { return nil }
        return unsafe PGResultHandle(owning: result)
    }

    // MARK: Cancelling

    /// The corresponding libpq function is `PQgetCancel`; `nil` when there is nothing to cancel with.
    var cancelRequest: PGCancelHandle? {
        guard backendPID != 0, let cancel = unsafe PQgetCancel(conn) else { return nil }
        return unsafe PGCancelHandle(owning: cancel)
    }

    /// The corresponding libpq function is `PQcancelCreate`; `nil` when libpq is older than 17 or there is no key.
    var pollableCancelRequest: PGPollableCancelHandle? {
        guard vernal_has_async_cancel() == 1, backendPID != 0, let cancel = unsafe vernal_cancel_create(conn)
        else { return nil }
        return unsafe PGPollableCancelHandle(owning: cancel)
    }
}

/// How far `PQflush` came.
enum FlushProgress {
    case done, wouldBlock, failed
}
