import StormSimulator

/// A question, and the storms that answer it.
struct Study {
    let name: String
    let question: String
    let runs: [(scenario: StormScenario, policy: StormPolicy)]

    /// The mean of several seeds, for each run.
    func results(seeds: Int) -> [StormResult] {
        runs.compactMap { run in
            StormResult.mean(
                of: (1...max(1, seeds)).map { StormSimulation(run.scenario, run.policy, seed: UInt64($0)).run() }
            )
        }
    }

    /// Every scenario with every policy.
    init(_ name: String, _ question: String, _ scenarios: [StormScenario], _ policies: [StormPolicy]) {
        self.name = name
        self.question = question
        runs = scenarios.flatMap { scenario in policies.map { (scenario, $0) } }
    }
}

extension Study {
    /// All studies, up to that many environments.
    static func all(largest: Int) -> [Study] {
        [patience, firstWave, retention, refusals, process, lone, fleet(largest: largest)]
    }

    private static func retrying(_ name: String, after limit: Double?) -> StormPolicy {
        StormPolicy(name) { policy in
            policy.attemptTimeout = limit
            policy.retryQuota = 1_000_000
        }
    }

    static let patience = Study(
        "patience",
        "Does it help to give up a connect that is not done and to try again?",
        [StormScenario("1000 at 100/s")],
        [
            retrying("give up after 3 s", after: 3), retrying("give up after 5 s", after: 5),
            retrying("give up after 10 s", after: 10), .shipped,
        ]
    )

    static let firstWave = Study(
        "first wave",
        "What stops the first wave of a storm, when each attempt is given up after 5 s and nobody has a deadline?",
        [(1000, 100.0), (3000, 300), (1000, 300)].map { count, rate in
            StormScenario("\(count) at \(Int(rate))/s") {
                $0.environments = count
                $0.connectRate = rate
                $0.deadline = nil
            }
        },
        [
            impatient("retry at once") { $0.backoffBase = 0 },
            impatient("bucket of 1, 1/s, full") {
                $0.backoffBase = 0
                $0.connectBurst = 1
                $0.connectRate = 1
            },
            impatient("full jitter"),
            impatient("first U(0, 2 s)") { $0.firstConnectWindow = 2 },
            impatient("first U(0, 5 s)") { $0.firstConnectWindow = 5 },
            impatient("first U(0, 10 s)") { $0.firstConnectWindow = 10 },
            impatient("coordinated, 0.9 C") { $0.coordinatedShare = 0.9 },
            .shipped,
        ]
    )

    private static func impatient(_ name: String, _ change: (inout StormPolicy) -> Void = { _ in }) -> StormPolicy {
        StormPolicy(name) { policy in
            policy.attemptTimeout = 5
            policy.connectBurst = 1_000_000
            policy.connectRate = 1e6
            policy.connectConcurrency = nil
            policy.retryQuota = 1_000_000
            change(&policy)
        }
    }

    static let retention = Study(
        "retention",
        "Is a connection kept by a frozen environment worth its slot?",
        [
            StormScenario("200 slots for 1000") { $0.slots = 200 },
            StormScenario("1200 slots for 1000, 5 waves") {
                $0.slots = 1200
                $0.waves = 5
                $0.waveInterval = 30
            },
            StormScenario("800 slots for 1000, 5 waves") {
                $0.slots = 800
                $0.waves = 5
                $0.waveInterval = 30
            },
        ],
        ["keep", "release", "adaptive"].map { word in StormPolicy(word) { $0.retention = word } }
    )

    static let refusals = Study(
        "refusals",
        "How long to stay away after a refusal? 100 environments for 17 slots, 5 s deadline.",
        [(0.05, 0.2), (1.5, 0.4)].map { arrival, work in
            StormScenario("within \(arrival) s, \(Int(work * 1000)) ms work") {
                $0.environments = 100
                $0.arrival = arrival
                $0.slots = 17
                $0.connectRate = 200
                $0.work = work
                $0.deadline = 5
            }
        },
        [0, 0.05, 0.08, 0.1, 0.2].flatMap { share in
            [(0, 1), (0.6, 1), (0.6, 2)].map { steady, even in
                StormPolicy("share \(share), steady \(steady), even \(even)") { policy in
                    policy.backoffShare = share
                    policy.backoffSteadyPart = steady
                    policy.backoffEvenRefusals = even
                }
            }
        }
            + [1.0, 2, 5].map { cap in StormPolicy("cap \(Int(cap)) s") { $0.backoffCap = cap } }
            + [5, 10, 20].map { quota in StormPolicy("quota \(quota)") { $0.retryQuota = quota } } + [.naive]
    )

    static let process = Study(
        "one process",
        "How many connects may one process have under way? 80 callers come at once to a pool of 10.",
        [0.002, 0.02, 0.2].flatMap { work in
            [0.005, 0.15].map { latency in
                StormScenario("\(Int(work * 1000)) ms work, \(Int(latency * 1000)) ms connect") {
                    $0.environments = 1
                    $0.clientsPerEnvironment = 80
                    $0.connectRate = 200
                    $0.latency = latency
                    $0.work = work
                }
            }
        },
        [1, 2, 3, 4, nil].map { most in
            StormPolicy(most.map { "\($0) under way" } ?? "any number") { policy in
                policy.poolSize = 10
                policy.connectConcurrency = most
            }
        }
    )

    static let lone = Study(
        "a lone cold start",
        "What does the politeness cost when there is no storm?",
        [
            StormScenario("1 at 100/s") {
                $0.environments = 1
                $0.latency = 0.01
            }
        ],
        [
            StormPolicy("no throttle") { policy in
                policy.connectBurst = 1_000_000
                policy.connectConcurrency = nil
            }, .shipped,
            StormPolicy("fleet known") { $0.knowsFleet = true },
            StormPolicy("first U(0, 250 ms)") { $0.firstConnectWindow = 0.25 },
        ]
    )

    /// From a hundred environments to the largest fleet, on a server of 1000 connects a second and 400 slots.
    static func fleet(largest: Int) -> Study {
        let sizes = [100, 300, 1000, 3000, 10_000, 30_000, 100_000].filter { $0 <= largest }
        return Study(
            "fleet",
            "How does it grow? Three waves, 1000 connects/s, 400 slots, 15 s deadline.",
            sizes.map { size in
                StormScenario("\(size)") {
                    $0.environments = size
                    $0.connectRate = 1000
                    $0.slots = 400
                    $0.waves = 3
                    $0.waveInterval = 30
                }
            },
            [
                .naive, .shipped, StormPolicy("fleet known") { $0.knowsFleet = true },
                StormPolicy("coordinated, 0.9 C") { $0.coordinatedShare = 0.9 },
            ]
        )
    }
}
