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
        let began: Moment
        let ended: Moment
    }

    /// Sends all waves, and tells how many answers of a wave are there.
    func run(progress: @escaping @Sendable (_ wave: Int, _ answered: Int) -> Void) async -> ([Wave], [Request]) {
        var waves: [Wave] = []
        var requests: [Request] = []
        for wave in 1...plan.waves {
            if wave > 1 { try? await Task.sleep(for: plan.rest) }
            let began = Moment(ContinuousClock.now)
            let answered = Answered()
            let more = await withTaskGroup(of: Request.self) { group in
                for number in 0..<plan.environments {
                    let delay = plan.ramp / plan.environments * number
                    group.addTask {
                        if delay > .zero { try? await Task.sleep(for: delay) }
                        let request = await send(wave)
                        progress(wave, answered.increment())
                        return request
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            waves.append(Wave(began: began, ended: more.map(\.ended).max() ?? began))
            requests += more
        }
        // The environments are still there, and with them what their relays saw.
        for environment in platform.snapshot() {
            let id = EnvironmentID(environment.id)
            recorder.note(platform.relayMeasures(id), of: id)
        }
        return (waves, requests)
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
    func send(_ wave: Int) async -> Request {
        let began = Moment(ContinuousClock.now)
        let answer = try? await HTTPRequester.connect(host: "127.0.0.1", port: front.port) { requester in
            try await requester.answer(.GET, plan.path, headers: ["Connection": "close"])
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
    let waves: Int
    let rest: Duration
    let ramp: Duration
    let path: String
    let maxConnections: Int
    let policy: StormPolicy

    /// What the server leaves to functions: it keeps three slots, and one of those is for looking at it.
    var usableSlots: Int { maxConnections - 3 }

    /// How often all slots have to be used for everybody to have had one.
    var rounds: Int { (environments + usableSlots - 1) / usableSlots }
}
