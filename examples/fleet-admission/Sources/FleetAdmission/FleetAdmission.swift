import Foundation
import Vernal
import VernalHost
import VernalRedis

/// A function of which many start at once, and whose connects keep to one rate for the whole fleet.
///
///     GET /            waits 20 ms in the database
///     GET /healthz     whether the process is alive; asks nothing of the database
///
/// `REDIS_URL` says where the books are kept, `FLEET_CONNECT_RATE` how many connects a second the fleet may make (20).
@main struct FleetAdmission {
    static func main() async throws {
        var configuration = try EngineConfiguration(environmentFor: nil)
        let variables = ProcessInfo.processInfo.environment
        if let url = variables["REDIS_URL"] {
            var limits = RedisAdmission.Limits(rate: variables["FLEET_CONNECT_RATE"].flatMap(Double.init) ?? 20)
            limits.burst = 5
            // Counted, so that `ZCARD {orders}:vernal:open` tells how many are open.
            limits.maxOpen = 1000
            configuration.connectAdmission = try RedisAdmission(url: url, name: "orders", limits: limits)
        }
        try configureEngine(configuration)
        try await FunctionHost.serve { request, _ in
            guard request.pathComponents.first != "healthz" else { return .text("ok\n") }
            try await getEngine().execute("SELECT pg_sleep(0.02)")
            return .text("done\n")
        }
    }
}
