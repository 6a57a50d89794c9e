internal import Logging

/// Writes what an operator wants to know: messages that never vary, and everything else as metadata.
struct EngineLog: Sendable {
    private let logger: Logger?

    /// - Parameter logger: where to; `nil` makes one when there is something to write, so that a start pays nothing for it.
    init(_ logger: Logger?) {
        self.logger = logger
    }

    func write(_ event: EngineEvent) {
        let logger = logger ?? Logger(label: "vernal.engine")
        var metadata: Logger.Metadata = [:]
        if let engine = event.engine { metadata["engine"] = .string(engine) }
        if let epoch = event.epoch { metadata["connection"] = .stringConvertible(epoch) }
        if let duration = event.duration { metadata["duration"] = .string("\(duration)") }
        if let reason = event.reason { metadata["reason"] = .string(reason) }
        if let site = event.callSite { metadata["borrower"] = .string(site.description) }
        if let error = event.error { metadata["error"] = .string(error.description) }
        switch event.kind {
        case .leaked: logger.warning("a connection is held for too long", metadata: metadata)
        case .leakWithdrawn: logger.notice("a connection that was held for too long came back", metadata: metadata)
        case .breakerOpened: logger.warning("no connect is tried for a while", metadata: metadata)
        case .breakerClosed: logger.notice("connects are tried again", metadata: metadata)
        case .admissionUnanswered:
            logger.warning("connect admission does not answer, connects go on without it", metadata: metadata)
        case .admissionAnswered: logger.notice("connect admission answers again", metadata: metadata)
        case .upstreamContradiction: logger.warning("the settings do not fit the upstream", metadata: metadata)
        case .pinned: logger.warning("a statement does not go with the upstream", metadata: metadata)
        case .alertRaised: logger.warning("an alert was raised", metadata: metadata)
        case .alertEnded: logger.notice("an alert is over", metadata: metadata)
        default: logger.debug("something happened in the engine", metadata: metadata)
        }
    }
}
