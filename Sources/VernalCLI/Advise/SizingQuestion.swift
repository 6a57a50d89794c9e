import Vernal

/// What has to be known to size the pools of a fleet; what is `nil` is not known.
struct SizingQuestion: Equatable {
    /// The server's `max_connections`.
    var maxConnections: Int
    /// Slots of them that functions do not get.
    var reserved = 3
    /// Connections that others than this service hold now.
    var usedByOthers: Int?
    /// The `CONNECTION LIMIT` of the role.
    var roleLimit: Int?
    /// The `CONNECTION LIMIT` of the database.
    var databaseLimit: Int?
    /// Who logs in.
    var role: String?
    /// Whether limits of its own do not bind it.
    var isSuperuser = false
    /// The server's `idle_session_timeout` in milliseconds; 0 is off.
    var idleSessionTimeout: Int?
    /// The server's `idle_in_transaction_session_timeout` in milliseconds; 0 is off.
    var idleInTransactionTimeout: Int?

    /// What is between the fleet and the server.
    var pooler: Pooler?

    /// How many instances (environments, processes) there are at the same time.
    var instances = 1
    /// How many there will be after the next scale-out; `nil`: twice as many.
    var scaleTo: Int?
    /// How many invocations one instance has at a time.
    var concurrency = 1
    /// How many services share the server.
    var services = 1
    var requestsPerSecond: Double?
    /// How long a request keeps a connection.
    var queryTime: Duration?
    /// Cores of the server.
    var cores: Int?
    /// Disks of the server that can seek on their own; 0 when all is in memory.
    var spindles = 1

    /// A pooler between functions and server.
    struct Pooler: Equatable {
        /// What it is called in `vernal detect`.
        var kind: String
        /// As `VERNAL_UPSTREAM` has it; `nil` when it is of no kind that is known.
        var upstream: String?
        /// Whether a client holds a connection to the server for as long as it is connected.
        var holdsSlots: Bool
        /// How many clients it takes.
        var clientLimit: Int?
        /// How many connections to the server it has.
        var poolSize: Int?
    }

    /// The most connections to the server that the headroom rule leaves to all: four fifths, and never a reserved slot.
    var headroom: Int { max(0, min(maxConnections * 4 / 5, maxConnections - reserved)) }

    /// The part of the headroom that is this service's.
    var share: Int { headroom / services }

    /// Slots that this service could really get, if the others behave as they do now, or take their share.
    var available: Int {
        let slots = max(0, maxConnections - reserved)
        let left = usedByOthers.map { max(0, slots - $0) } ?? slots / services
        return [left, roleLimit, databaseLimit].compactMap(\.self).min() ?? left
    }

    /// Whether each connection of an instance is one of the server.
    var holdsSlots: Bool { pooler?.holdsSlots ?? true }
}

extension SizingQuestion {
    /// Takes over what a server and a pooler say of themselves.
    init(_ inspection: UpstreamInspection, _ server: ServerFacts) {
        maxConnections = server.maxConnections
        reserved = server.reserved
        usedByOthers = max(0, server.used - server.roleUsed)
        roleLimit = server.roleLimit
        databaseLimit = server.databaseLimit
        role = server.role
        isSuperuser = server.isSuperuser
        idleSessionTimeout = server.idleSessionTimeout
        idleInTransactionTimeout = server.idleInTransactionTimeout
        let status = inspection.status
        guard !["direct", "unknown"].contains(status.kind) else { return }
        pooler = Pooler(kind: status.kind, mode: status.mode)
        pooler?.clientLimit = inspection.pooler?.clientLimit
        pooler?.poolSize = inspection.pooler?.poolSize
    }
}

extension SizingQuestion.Pooler {
    /// A pooler by its kind and the mode in which it pools.
    init(kind: String, mode: String) {
        self.kind = kind
        holdsSlots = mode == "session"
        upstream = [kind + ":" + mode, kind].lazy.compactMap(Self.upstream).first
    }

    /// A pooler as `VERNAL_UPSTREAM` has it; `nil` when there is none of that name.
    init?(upstream name: String) {
        guard let known = Self.upstream(name), known != "direct" else { return nil }
        let parts = known.split(separator: ":").map(String.init)
        kind = parts[0]
        upstream = known
        holdsSlots = parts.last == "session" || known == "pgpool"
    }

    /// The name in its usual form.
    private static func upstream(_ name: String) -> String? {
        let configuration = try? EngineConfiguration(environment: ["VERNAL_UPSTREAM": name])
        return configuration?.upstream?.description
    }
}
