#if RedisAdmission
internal import CHiredis

/// One TLS session of OpenSSL that does no I/O: encrypted bytes go in and come out through memory.
@safe
struct TLSSession: ~Copyable {
    private let context: OpaquePointer
    private let session: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer

    /// Prepares a session that checks the server's certificate and its name.
    ///
    /// - Parameters:
    ///   - host: the name, or the address, that the certificate has to be for.
    ///   - authority: a file with the certificates to trust; `nil` takes those of the system.
    /// - Throws: when the certificates cannot be read, or OpenSSL has no memory.
    init(host: String, authority: String?) throws(RedisAdmissionError) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw RedisAdmissionError("OpenSSL cannot be set up")
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let trusts =
            if let authority {
                unsafe SSL_CTX_load_verify_locations(context, authority, nil) == 1
            } else {
                unsafe SSL_CTX_set_default_verify_paths(context) == 1
            }
        guard trusts, unsafe vernal_ssl_require_tls12(context) == 1 else {
            unsafe SSL_CTX_free(context)
            throw RedisAdmissionError("the certificates to trust cannot be read")
        }
        guard let session = unsafe SSL_new(context), let input = unsafe BIO_new(BIO_s_mem()),
            let output = unsafe BIO_new(BIO_s_mem())
        else {
            unsafe SSL_CTX_free(context)
            throw RedisAdmissionError("OpenSSL cannot be set up")
        }
        unsafe SSL_set_bio(session, input, output)
        unsafe SSL_set_connect_state(session)
        let parameters = unsafe SSL_get0_param(session)
        // An address stands in another field of a certificate than a name.
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1 {
            unsafe vernal_ssl_set_server_name(session, host)
            unsafe SSL_set1_host(session, host)
        }
        unsafe self.context = context
        unsafe self.session = session
        unsafe self.input = input
        unsafe self.output = output
    }

    deinit {
        unsafe SSL_free(session)
        unsafe SSL_CTX_free(context)
    }

    /// Takes in what arrived from the network.
    mutating func received(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { unsafe BIO_write(input, $0.baseAddress, Int32($0.count)) }
    }

    /// What is to be sent to the network.
    mutating func takeOutput() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe BIO_read(output, $0.baseAddress, Int32($0.count))
            }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(Int(count))
        }
    }

    /// Goes on with the handshake.
    ///
    /// - Returns: whether it is done; if not, more has to arrive.
    /// - Throws: when it failed.
    mutating func handshake() throws(RedisAdmissionError) -> Bool {
        ERR_clear_error()
        let status = unsafe SSL_do_handshake(session)
        if status == 1 { return true }
        guard unsafe SSL_get_error(session, status) == SSL_ERROR_WANT_READ else {
            let verdict = unsafe SSL_get_verify_result(session)
            guard verdict == Int(X509_V_OK) else {
                let reason = unsafe String(cString: X509_verify_cert_error_string(verdict))
                throw RedisAdmissionError("the certificate of Redis is not trusted: \(reason)")
            }
            throw RedisAdmissionError("the TLS handshake with Redis failed")
        }
        return false
    }

    /// Encrypts.
    ///
    /// The result is in `takeOutput`.
    mutating func write(_ bytes: [UInt8]) throws(RedisAdmissionError) {
        let count = unsafe bytes.withUnsafeBytes { unsafe SSL_write(session, $0.baseAddress, Int32($0.count)) }
        guard Int(count) == bytes.count else { throw RedisAdmissionError("the TLS session with Redis is broken") }
    }

    /// Decrypts what has arrived.
    ///
    /// - Returns: nothing when more has to arrive.
    /// - Throws: when the session is over.
    mutating func read() throws(RedisAdmissionError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            ERR_clear_error()
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe SSL_read(session, $0.baseAddress, Int32($0.count))
            }
            if count > 0 {
                bytes += chunk.prefix(Int(count))
                continue
            }
            guard unsafe SSL_get_error(session, count) == SSL_ERROR_WANT_READ else {
                throw RedisAdmissionError("Redis ended the TLS session")
            }
            return bytes
        }
    }
}

#endif
