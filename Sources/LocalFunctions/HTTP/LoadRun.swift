package import NIOHTTP1
internal import Synchronization

/// Many requests, several at a time, and how long each took.
package enum LoadRun {
    /// What to send.
    package struct Request: Sendable {
        package var method: HTTPMethod
        package var target: String
        package var headers: HTTPHeaders
        package var body: [UInt8]

        package init(method: HTTPMethod, target: String, headers: HTTPHeaders = [:], body: [UInt8] = []) {
            self.method = method
            self.target = target
            self.headers = headers
            self.body = body
        }
    }

    /// What came of one request.
    package struct Outcome: Sendable {
        /// The status; 0 when there was no answer.
        package let status: Int
        package let duration: Duration
        /// The answer, if it is the first one or no success.
        package let answer: HTTPAnswer?
        package let hasFunctionError: Bool
        /// How long the environment had the invocation, if the answer says so: the rest of the duration is the platform's.
        package var functionDuration: Duration?

        package var isSuccess: Bool { (200..<400).contains(status) && !hasFunctionError }
    }

    /// Sends so many requests, of so many clients at a time, each over a connection of its own.
    ///
    /// - Returns: the outcomes in no order.
    /// - Throws: `LocalFunctionsError` when nobody listens there.
    package static func run(
        _ request: Request,
        host: String,
        port: Int,
        count: Int,
        clients: Int
    ) async throws -> [Outcome] {
        let left = Counter(count)
        return try await withThrowingTaskGroup(of: [Outcome].self) { group in
            for _ in 0..<min(clients, count) {
                group.addTask {
                    var outcomes: [Outcome] = []
                    while left.peek > 0 {
                        outcomes += try await connection(request, host, port, left)
                    }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Sends over one connection until it breaks or nothing is left to send.
    private static func connection(
        _ request: Request,
        _ host: String,
        _ port: Int,
        _ left: Counter
    ) async throws -> [Outcome] {
        try await HTTPRequester.connect(host: host, port: port) { requester in
            var outcomes: [Outcome] = []
            while left.take() {
                let began = ContinuousClock.now
                do {
                    let answer = try await requester.answer(
                        request.method,
                        request.target,
                        headers: request.headers,
                        body: request.body
                    )
                    let hasError = answer.headers.contains(name: "X-Amz-Function-Error")
                    let isNotable = outcomes.isEmpty || answer.status >= 400 || hasError
                    outcomes.append(
                        Outcome(
                            status: answer.status,
                            duration: ContinuousClock.now - began,
                            answer: isNotable ? answer : nil,
                            hasFunctionError: hasError,
                            functionDuration: answer.headers.first(name: InvokeAnswer.durationHeader)
                                .flatMap(Double.init).map { .milliseconds(1) * $0 }
                        )
                    )
                    if answer.headers[canonicalForm: "connection"].contains("close") { break }
                } catch {
                    outcomes.append(
                        Outcome(status: 0, duration: ContinuousClock.now - began, answer: nil, hasFunctionError: false)
                    )
                    break
                }
            }
            return outcomes
        }
    }

    private final class Counter: Sendable {
        private let left: Mutex<Int>

        init(_ count: Int) { left = Mutex(count) }

        var peek: Int { left.withLock { $0 } }

        func take() -> Bool {
            left.withLock { left in
                guard left > 0 else { return false }
                left -= 1
                return true
            }
        }
    }
}
