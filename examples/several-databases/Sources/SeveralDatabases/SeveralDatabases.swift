import Vernal
import VernalHost

/// A function with two databases: it keeps orders in one, and counts what was sold in the other.
///
///     GET  /summary   what both say; one that does not answer is named, and the other's answer is there all the same
///     POST /orders    {"item": "tea", "price": 3} → 201; the order is kept even when it cannot be counted. 503: it is not kept;
///                     504: it may be
///     GET  /pools     the statistics of both pools
@main struct SeveralDatabases {
    /// How long a request waits for the figures, which it can do without.
    static let patience = Duration.seconds(1)

    static func main() async throws {
        configure()
        var options = HostOptions()
        // The one deadline, of which every wait in both databases is a part. On Lambda it is the invocation's.
        options.requestTimeout = .seconds(3)
        try await FunctionHost.serve(options) { request, context in
            switch (request.method, request.pathComponents) {
            case (.get, ["summary"]): try await summary(context)
            case (.post, ["orders"]): try await order(request.decode(NewOrder.self), context)
            case (.get, ["pools"]):
                try .json(["orders": getEngine().statistics, "analytics": getEngine("analytics").statistics])
            default: .text("not found\n", status: .notFound)
            }
        }
    }

    /// `DATABASE_URL` is where the orders are, `DATABASE_URL_ANALYTICS` where the figures are.
    ///
    /// Nothing is opened here. An engine is known to the host as soon as it exists: what is wrong with one of them stops the
    /// start, and both are closed at the end.
    private static func configure() {
        _ = getEngine()
        // A variable that cannot be read is left to `getEngine`, so that the host says at the start which one it is.
        if var analytics = try? EngineConfiguration(environmentFor: "analytics") {
            analytics.acquireTimeout = min(analytics.acquireTimeout, patience)
            try? configureEngine(analytics, name: "analytics")
        }
        _ = getEngine("analytics")
    }

    private static func summary(_ context: InvocationContext) async throws -> FunctionResponse {
        // Both at the same time: it takes as long as the slower one, and not as long as both. Reading twice does no harm.
        async let orders = answer(of: "orders", context) {
            try await getEngine().query(
                "SELECT count(*) AS count, coalesce(sum(price), 0)::int8 AS total FROM orders",
                isRepeatable: true
            ).single().decode(Orders.self)
        }
        async let sales = answer(of: "analytics", context) {
            try await getEngine("analytics").query(
                "SELECT item, sold FROM sales ORDER BY item LIMIT 100",
                timeout: patience,
                isRepeatable: true
            ).decode(Sale.self)
        }
        let summary = await Summary(orders: orders, analytics: sales)
        return try .json(summary, status: summary.orders.isThere ? .ok : .serviceUnavailable)
    }

    private static func order(_ new: NewOrder, _ context: InvocationContext) async throws -> FunctionResponse {
        let order = await answer(of: "orders", context, changes: true) {
            try await getEngine()
                .query("INSERT INTO orders (item, price) VALUES (\(new.item), \(new.price)) RETURNING id")
                .value(as: Int.self)
        }
        guard case .value(let id) = order else {
            // Clients repeat what got a 503, so it has to be certain that there is no such order yet.
            let isUnknown = if case .unknown = order { true } else { false }
            return try .json(["orders": order], status: isUnknown ? .gatewayTimeout : .serviceUnavailable)
        }
        // No transaction spans two databases. The order counts; that it was not counted is said, and can be made up for.
        let sale = await answer(of: "analytics", context, changes: true) {
            try await getEngine("analytics").execute(
                """
                INSERT INTO sales (item, sold) VALUES (\(new.item), 1)
                ON CONFLICT (item) DO UPDATE SET sold = sales.sold + 1
                """,
                timeout: patience
            )
        }
        return try .json(Receipt(id: id, isCounted: sale.isThere), status: .created)
    }

    /// What a database says, or that it says nothing.
    private static func answer<Value>(
        of database: String,
        _ context: InvocationContext,
        changes: Bool = false,
        _ ask: () async throws -> Value
    ) async -> Answer<Value> {
        do {
            return .value(try await ask())
        } catch {
            // The log gets the whole sentence, which has no secret in it; the client gets a word.
            context.logger.warning("no answer", metadata: ["database": "\(database)", "error": "\(error)"])
            guard let error = error as? VernalError else { return .unavailable("failed") }
            // An error that is the server's answer says that nothing was changed.
            let isUnknown = changes && error.statementWasSent && error.code != .server
            return isUnknown ? .unknown(error.code.description) : .unavailable(error.code.description)
        }
    }
}
