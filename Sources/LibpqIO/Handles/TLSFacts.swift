internal import CLibpq

/// How a connection is encrypted, and what the certificate of the server says of itself.
package struct TLSFacts: Sendable, Hashable, Codable {
    /// The certificate of a server.
    package struct Certificate: Sendable, Hashable, Codable {
        /// In OpenSSL's one line: `/CN=db.example.org`.
        package let subject: String
        /// Who has signed it, in the same form.
        package let issuer: String
        /// From when on it is good, in seconds since 1970.
        package let notBefore: Int
        /// Until when it is good, in seconds since 1970.
        package let notAfter: Int

        package init(subject: String, issuer: String, notBefore: Int, notAfter: Int) {
            self.subject = subject
            self.issuer = issuer
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    /// `TLSv1.3`, ….
    package let version: String?
    package let cipher: String?
    /// `nil` where libpq's TLS library does not tell.
    package let certificate: Certificate?

    package init(version: String?, cipher: String?, certificate: Certificate?) {
        self.version = version
        self.cipher = cipher
        self.certificate = certificate
    }
}

extension PGConnHandle {
    /// How the connection is encrypted; `nil` when it is not.
    ///
    /// The corresponding libpq functions are `PQsslAttribute` and `PQsslStruct`.
    var tlsFacts: TLSFacts? {
        guard sslInUse else { return nil }
        return TLSFacts(
            version: sslAttribute("protocol"),
            cipher: sslAttribute("cipher"),
            certificate: serverCertificate
        )
    }
}

extension LibpqConnection {
    /// How the connection is encrypted; `nil` when it is not.
    package var tlsFacts: TLSFacts? { handle.tlsFacts }
}
