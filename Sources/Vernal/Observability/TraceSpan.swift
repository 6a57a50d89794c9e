#if Tracing
internal import Tracing

/// A span of swift-distributed-tracing around one step, under the names of OpenTelemetry.
///
/// Source: OpenTelemetry semantic conventions, "Database client spans". The text of a statement is recorded: what a program
/// interpolates is a parameter and not in it. Parameters are never recorded.
struct TraceSpan: ~Copyable {
    /// Whether spans are left out.
    static let isNothing = false

    private let span: any Span

    init(_ name: String, engine: String? = nil, statement: String? = nil) {
        span = startSpan(name, ofKind: .client)
        span.attributes["db.system.name"] = "postgresql"
        if let engine { span.attributes["db.client.connection.pool.name"] = engine }
        if let statement { span.attributes["db.query.text"] = statement }
    }

    /// Ends the span.
    ///
    /// - Parameter error: What went wrong; `nil` when nothing did.
    consuming func end(_ error: VernalError? = nil) {
        if let error {
            span.attributes["error.type"] = error.code.description
            if let state = error.sqlState { span.attributes["db.response.status_code"] = state.rawValue }
            span.setStatus(SpanStatus(code: .error, message: error.code.description))
        }
        span.end()
    }
}
#else
/// Nothing, unless the trait `Tracing` is on.
struct TraceSpan: ~Copyable {
    @inline(__always)
    static var isNothing: Bool { true }

    @inline(__always)
    init(_ name: StaticString, engine: String? = nil, statement: String? = nil) {}

    @inline(__always)
    consuming func end(_ error: VernalError? = nil) {}
}
#endif
