import EmbeddedPostgres
import Foundation
import LocalFunctions
import Moments
import NIOHTTP1
import Synchronization

/// A storm on its way: many environments that all begin at once.
struct Storm: Sendable {
    let plan: StormPlan
    let platform: FunctionPlatform
    let front: Front
    let recorder: StormRecorder
    /// What happens in the middle of it.
    var disturbance: Disturbance?

    /// Something that goes wrong, and how long after the beginning of the first wave.
    struct Disturbance: Sendable {
        let after: Duration
        let work: @Sendable () async -> Void
    }

    /// One request and what came of it.
    struct Request: Sendable {
        let wave: Int
        let began: Moment
        let ended: Moment
        let status: Int
        let requestID: String?
        /// The first words of an answer that is no success.
        let problem: String?

        var isSuccess: Bool { (200..<400).contains(status) }
        var latency: Duration { ended - began }
    }

    /// When a wave began and when its last answer was there.
    struct Wave: Sendable {
        let number: Int
        let began: Moment
        let ended: Moment
    }

    /// Sends all waves, and tells how many answers of a wave are there.
    func run(progress: @escaping @Sendable (_ wave: Int, _ answered: Int) -> Void) async -> ([Wave], [Request]) {
        if let first = plan.firstPath { _ = await send(0, path: first) { _ in } }
        return await withTaskGroup(of: Void.self) { group in
            if let disturbance {
                group.addTask {
                    try? await Task.sleep(for: disturbance.after)
                    if !Task.isCancelled { await disturbance.work() }
                }
            }
            let result = await runWaves(progress)
            group.cancelAll()
            return result
        }
    }

    private func runWaves(
        _ progress: @escaping @Sendable (_ wave: Int, _ answered: Int) -> Void
    ) async -> ([Wave], [Request]) {
        var waves: [Wave] = []
        var requests: [Request] = []
        for number in 1...plan.waves {
            if number > 1 { try? await Task.sleep(for: plan.rest) }
            let began = Moment(ContinuousClock.now)
            let more = await send(number, path: plan.path) { progress(number, $0) }
            waves.append(Wave(number: number, began: began, ended: more.map(\.ended).max() ?? began))
            requests += more
        }
        // The environments are still there, and with them what their relays saw.
        for environment in platform.snapshot() {
            let id = EnvironmentID(environment.id)
            recorder.note(platform.relayMeasures(id), of: id)
        }
        return (waves, requests)
    }

    /// One wave: everybody asks, and for as long as the plan says everybody asks again.
    private func send(
        _ wave: Int,
        path: String,
        progress: @escaping @Sendable (_ answered: Int) -> Void
    ) async -> [Request] {
        let answered = Answered()
        let end = Moment(ContinuousClock.now) + plan.length
        return await withTaskGroup(of: [Request].self) { group in
            let clients = plan.environments * plan.concurrency
            for number in 0..<clients {
                let delay = plan.ramp / clients * number
                group.addTask {
                    if delay > .zero { try? await Task.sleep(for: delay) }
                    var requests: [Request] = []
                    repeat {
                        requests.append(await send(wave, path))
                        progress(answered.increment())
                    } while wave > 0 && Moment(ContinuousClock.now) < end
                    return requests
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private final class Answered: Sendable {
        private let count = Mutex(0)

        func increment() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// One request through the front, over a connection of its own.
    func send(_ wave: Int, _ path: String) async -> Request {
        let began = Moment(ContinuousClock.now)
        let answer = try? await HTTPRequester.connect(host: "127.0.0.1", port: front.port) { requester in
            try await requester.answer(.GET, path, headers: ["Connection": "close"])
        }
        let status = answer?.status ?? 0
        return Request(
            wave: wave,
            began: began,
            ended: Moment(ContinuousClock.now),
            status: status,
            requestID: answer?.headers.first(name: "x-amzn-RequestId"),
            problem: (200..<400).contains(status) ? nil : answer.map { String($0.text.prefix(300)) } ?? "no answer"
        )
    }
}

/// What a storm is to be like.
struct StormPlan: Sendable {
    let environments: Int
    /// How many invocations each environment gets at a time.
    var concurrency = 1
    let waves: Int
    let rest: Duration
    let ramp: Duration
    /// For how long everybody asks again in each wave.
    var length: Duration = .zero
    /// What everybody asks for once before the first wave.
    var firstPath: String?
    let path: String
    let maxConnections: Int
    let policy: StormPolicy

    /// What the server leaves to functions: it keeps three slots, and one of those is for looking at it.
    var usableSlots: Int { maxConnections - 3 }

    /// How often all slots have to be used for everybody to have had one.
    var rounds: Int { (environments + usableSlots - 1) / usableSlots }
}
