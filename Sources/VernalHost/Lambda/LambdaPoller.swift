import CTraceVariable
import Logging

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Asks for an invocation, runs it, answers it, and begins anew.
struct LambdaPoller: Sendable {
    let platform: LambdaPlatform
    let program: FunctionProgram
    let options: HostOptions
    let sequence: InvocationSequence
    let client: RuntimeClient

    /// Polls until the host ends the waiting.
    ///
    /// - Throws: `HostError` when the environment is lost.
    func run() async throws(HostError) {
        while let response = try await client.wait(.next) {
            switch NextVerdict(response) {
            case .handle(let invocation): await run(invocation, event: response.body)
            case .askAgain:
                // Cancelled: the waiting is over as well.
                try? await Task.sleep(for: .milliseconds(20), clock: .continuous)
            case .end(let error): throw error
            }
            if let error = client.fatalError { throw error }
        }
    }

    private func run(_ invocation: LambdaInvocation, event: [UInt8]) async {
        // With several at a time there is no current one for a whole process.
        if platform.concurrency == 1 { exportTrace(invocation.details.traceID) }
        await sequence.run(
            LambdaRun(
                invocation: invocation,
                event: event,
                program: program,
                streams: options.streamsLambdaResponses,
                client: client,
                deadlines: deadlines(of: invocation),
                logger: options.logger
            )
        )
    }

    private func deadlines(of invocation: LambdaInvocation) -> InvocationDeadlines? {
        let now = ContinuousClock.now
        let wall = Int64(Date.now.timeIntervalSince1970 * 1000)
        guard let remaining = invocation.remaining(at: wall) else {
            return options.requestTimeout.map {
                InvocationDeadlines(handler: now.advanced(by: $0), platform: now.advanced(by: $0))
            }
        }
        let margin = min(max(.zero, options.deadlineMargin), remaining / 5)
        let handler = min(remaining - margin, options.requestTimeout ?? remaining)
        return InvocationDeadlines(handler: now.advanced(by: handler), platform: now.advanced(by: remaining))
    }

    private func exportTrace(_ id: String?) {
        for byte in (id ?? "").utf8 { trace_variable_append(byte) }
        trace_variable_commit()
    }
}
