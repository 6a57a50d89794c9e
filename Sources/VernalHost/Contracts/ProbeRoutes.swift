import HTTPTypes

/// What a platform and its monitoring ask a function beside its work: liveness, readiness and metrics.
///
///     var options = HostOptions()
///     options.probes = ProbeRoutes(metrics: "/metrics") { getEngine().statistics.prometheusText() }
///     try await FunctionHost.serve(options) { request, context in … }
///
/// They are answered also when `HostOptions.maxConcurrentRequests` are being handled. Nothing here opens a connection to a
/// database: a probe that did would keep a database awake, or end a function that could still say why it cannot serve.
public struct ProbeRoutes: Sendable {
    /// The path that answers 200 as long as the process answers at all; `nil`: there is none.
    public var liveness: String? = "/healthz"
    /// The path that answers 200 when `isReady` says so, and else 503; `nil`: there is none.
    public var readiness: String? = "/readyz"
    /// Whether the function wants to get requests; by default always.
    public var isReady: @Sendable () async -> Bool = { true }
    /// The path that answers with metrics; `nil`, the default: there is none.
    public var metrics: String?
    /// Makes the metrics, in the text format of Prometheus.
    public var metricsText: @Sendable () async throws -> String

    /// Makes routes for the probes; metrics are answered where a path is given.
    public init(metrics: String? = nil, _ metricsText: @escaping @Sendable () async throws -> String = { "" }) {
        self.metrics = metrics
        self.metricsText = metricsText
    }

    /// What answers a request that is a probe; `nil`: it is for the function.
    func handler(for request: FunctionRequest) -> FunctionHandler? {
        guard request.method == .get || request.method == .head else { return nil }
        switch request.path {
        case liveness: return { _, _ in .text("ok\n") }
        case readiness:
            return { _, _ in
                await isReady() ? .text("ready\n") : .text("not ready\n", status: .serviceUnavailable)
            }
        case metrics:
            return { _, _ in
                FunctionResponse(
                    headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                    body: Array(try await metricsText().utf8)
                )
            }
        default: return nil
        }
    }
}
