import EmbeddedPostgres
import LibpqIO
import LocalFunctions
import Moments
import Synchronization
import Vernal

/// What can be done to the database of running functions.
final class DatabaseFaults: Sendable {
    private let database: FunctionDatabase
    /// Connections that only take up slots.
    private let held = Mutex<[HeldConnection]>([])

    init(_ database: FunctionDatabase) { self.database = database }

    /// Why something could not be done.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Does what the control API was asked for.
    func perform(_ fault: String, _ id: EnvironmentID?) async throws -> String {
        switch fault {
        case "terminate-backend": try await terminateBackend(of: id)
        case "restart-server": try await withServer { try await $0.restart() }
        case "stop-server": try await withServer { try await $0.stop() }
        case "start-server": try await withServer { try await $0.start() }
        case "fill-slots": try await fillSlots()
        case "free-slots": freeSlots()
        default: throw Refusal(description: "there is no fault \(fault)")
        }
    }

    private func terminateBackend(of id: EnvironmentID?) async throws -> String {
        guard let monitor = database.monitor else { throw Refusal(description: "the database cannot be asked") }
        let name = id.map { "\(database.namePrefix)\($0)" } ?? "\(database.namePrefix)%"
        let count = try await monitor.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE \(name)"
        ).value(as: Int.self)
        return "\(count) connections terminated"
    }

    private func withServer(_ work: (EmbeddedPostgresServer) async throws -> Void) async throws -> String {
        guard let server = database.server else {
            throw Refusal(description: "only an embedded server can be stopped: leave DATABASE_URL out")
        }
        try await work(server)
        return "done"
    }

    /// Takes every slot that a function could have.
    private func fillSlots() async throws -> String {
        let settings = try ConnectionSettings(parsing: database.url)
        while true {
            var attempt = try ConnectAttempt(settings, timeout: .seconds(3))
            switch await attempt.drive(until: Moment(ContinuousClock.now) + .seconds(5), waiter: .shared) {
            case .connected(let connection):
                let slot = HeldConnection(connection)
                held.withLock { $0.append(slot) }
            case .failed(let error):
                guard error.server?.sqlState == "53300" else { throw error }
                return "\(held.withLock(\.count)) slots taken: the server is full"
            case .interrupted: throw Refusal(description: "the server did not answer in time")
            }
        }
    }

    private func freeSlots() -> String {
        let count = held.withLock { held in
            defer { held = [] }
            return held.count
        }
        return "\(count) slots given back"
    }
}

/// A connection that is only held; libpq closes it when it goes.
private final class HeldConnection: Sendable {
    private let connection: Mutex<LibpqConnection?>

    init(_ connection: consuming sending LibpqConnection) { self.connection = Mutex(consume connection) }
}
