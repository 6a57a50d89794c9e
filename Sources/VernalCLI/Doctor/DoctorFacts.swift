import LibpqIO
import Vernal

/// What a check of a connection has found out.
struct DoctorFacts {
    /// A step on the way to the first answer.
    enum Step: String, Encodable, CaseIterable {
        case name = "DNS"
        case transport = "TCP"
        case tls = "TLS"
        case authentication = "authentication"
        case query = "first query"
    }

    /// Why there is no connection.
    struct Failure {
        /// What could not be done; `nil`: the configuration makes no sense, and nothing was tried.
        var step: Step?
        var message: String
        var sqlState: String?
        /// Whether the same may succeed a little later.
        var passes = false
        /// Whether it was the server's or the pooler's word that the user may not come in.
        var isLogin = false
    }

    /// Whether a connect with stricter settings would do.
    enum Trial: Equatable {
        case notTried
        /// The settings are that strict already.
        case isSet
        case passes
        case fails(String)
    }

    /// Seconds since 1970.
    var now: Double
    /// Host and port, or the folder of a socket; never a secret.
    var address: String
    /// The database and the user.
    var database: String?
    var user: String?
    /// Whether the server is on this machine.
    var isNear = false
    /// Whether it is reached over a socket in the file system, where there is no TLS.
    var isSocket = false
    /// libpq's `sslmode`, its default included.
    var sslMode = "prefer"
    /// Whether it is checked who has signed the certificate, but not the name in it.
    var checksChain = false
    /// How long each step took that was done.
    var times: [Step: Duration] = [:]
    var failure: Failure?
    var tls: TLSFacts?
    /// Whether the certificate stands up to `sslmode=verify-full`.
    var verification = Trial.notTried
    /// Whether `channel_binding=require` does.
    var channelBinding = Trial.notTried
    var inspection: UpstreamInspection?
    /// The numbers of the pool that is to use the connection.
    var pool = EngineConfiguration()

    var server: ServerFacts? { inspection?.server }

    init(now: Double, address: String) {
        self.now = now
        self.address = address
    }
}

extension DoctorFacts.Failure {
    /// The exit status, by the names of `sysexits.h`.
    var status: Int32 {
        switch step {
        case nil: 64
        case .name: 68
        case .transport: 69
        case .tls: 76
        case .authentication: isLogin ? 77 : sqlState == nil ? 69 : passes ? 75 : 77
        case .query: isLogin ? 77 : passes ? 75 : 69
        }
    }
}
