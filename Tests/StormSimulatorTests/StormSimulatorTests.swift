import StormSimulator
import Testing

@Suite struct `A simulated storm` {
    private let scenario = StormScenario("small") {
        $0.environments = 200
        $0.connectRate = 20
        $0.deadline = 12
    }

    @Test func `is the same for the same seed, and another one for another`() {
        let run = { seed in StormSimulation(scenario, .naive, seed: seed).run() }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }

    @Test(arguments: [StormPolicy.shipped, .naive], [nil, 3, 50])
    func `accounts for every caller and every connect`(policy: StormPolicy, slots: Int?) {
        var scenario = scenario
        scenario.slots = slots
        scenario.waves = 3
        let result = StormSimulation(scenario, policy, seed: 7).run()
        #expect(result.invocations == 600)
        #expect((0...600).contains(result.failed))
        #expect(result.peakConnections <= slots ?? .max)
        #expect(result.wasted + result.refused <= result.connects)
        #expect(result.p50 <= result.p99 && result.p99 <= 12)
    }

    @Test func `is a queue: whoever waits in it is served at the server's rate`() {
        let result = StormSimulation(scenario, .shipped, seed: 1).run()
        #expect(result.failed == 0 && result.wasted == 0)
        #expect(abs(result.makespan - scenario.ideal) < 0.5)
    }

    @Test(arguments: [(0.05, 0.2), (1.5, 0.4)])
    func `of a hundred for seventeen slots refuses each little more than once, and fails nobody`(
        arrival: Double,
        work: Double
    ) {
        let scenario = StormScenario("scarce") {
            $0.environments = 100
            $0.arrival = arrival
            $0.slots = 17
            $0.connectRate = 200
            $0.work = work
            $0.deadline = 5
        }
        let results = (1...5).map { StormSimulation(scenario, .shipped, seed: $0).run() }
        #expect(results.allSatisfy { $0.failed == 0 })
        #expect(results.map(\.refused).reduce(0, +) <= 600)
        let naive = StormSimulation(scenario, .naive, seed: 1).run()
        #expect(naive.failed > 50)
    }

    @Test func `costs a lone environment nothing`() {
        let alone = StormScenario("alone") {
            $0.environments = 1
            $0.latency = 0.01
        }
        let result = StormSimulation(alone, .shipped, seed: 1).run()
        #expect(abs(result.p99 - (0.01 + 1 / alone.connectRate)) < 0.001)
    }
}
