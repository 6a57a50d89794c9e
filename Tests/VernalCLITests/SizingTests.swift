import Testing
import Vernal

@testable import VernalCLI

/// The sizing rules, each by a table, and what follows from them together.
@Suite struct `The sizing of pools` {
    private func question(
        max: Int = 100,
        instances: Int = 10,
        _ change: (inout SizingQuestion) -> Void = { _ in }
    ) -> SizingQuestion {
        var question = SizingQuestion(maxConnections: max)
        question.instances = instances
        question.concurrency = 1000
        change(&question)
        return question
    }

    private func rule(_ name: SizingRule.Name, _ question: SizingQuestion) throws -> SizingRule {
        try #require(SizingAdvice(question).rules.first { $0.name == name })
    }

    @Test(arguments: [
        // max_connections, reserved, instances, in all, each.
        (100, 3, 10, 80, 8), (100, 3, 30, 80, 2), (100, 3, 80, 80, 1), (100, 3, 81, 80, 0), (500, 3, 100, 400, 4),
        (87, 3, 10, 69, 6), (10, 3, 1, 7, 7), (20, 10, 5, 10, 2), (4, 3, 1, 1, 1), (3, 3, 1, 0, 0), (35, 3, 1, 28, 28),
    ])
    func `headroom is four fifths by the instances, and never a reserved slot`(
        max: Int,
        reserved: Int,
        instances: Int,
        total: Int,
        each: Int
    ) throws {
        let found = try rule(.headroom, question(max: max, instances: instances) { $0.reserved = reserved })
        #expect(found.total == total)
        #expect(found.perInstance == each)
    }

    @Test(arguments: [
        // requests/s, milliseconds, instances, in all, each.
        (200.0, 20, 1, 6, 6), (200.0, 20, 4, 6, 2), (1000.0, 5, 1, 8, 8), (1.0, 1, 10, 1, 1), (50.0, 1000, 10, 75, 8),
        (0.5, 100, 1, 1, 1),
    ])
    func `work is requests by duration and a half more`(
        rate: Double,
        milliseconds: Int,
        instances: Int,
        total: Int,
        each: Int
    ) throws {
        let found = try rule(
            .work,
            question(instances: instances) {
                $0.requestsPerSecond = rate
                $0.queryTime = .milliseconds(milliseconds)
            }
        )
        #expect(found.total == total)
        #expect(found.perInstance == each)
    }

    @Test(arguments: [(4, 1, 1, 9, 9), (4, 0, 1, 8, 8), (16, 2, 4, 34, 8), (2, 1, 50, 5, 1)])
    func `cores are twice the cores and the spindles, and never less than one`(
        cores: Int,
        spindles: Int,
        instances: Int,
        total: Int,
        each: Int
    ) throws {
        let found = try rule(
            .cores,
            question(instances: instances) {
                $0.cores = cores
                $0.spindles = spindles
            }
        )
        #expect(found.total == total)
        #expect(found.perInstance == each)
    }

    @Test func `services share the headroom`() throws {
        let found = try rule(.services, question(instances: 4) { $0.services = 3 })
        #expect(found.total == 26)
        #expect(found.perInstance == 6)
        #expect(SizingAdvice(question()).rules.contains { $0.name == .services } == false)
    }

    @Test(
        arguments: [
            (20, nil, SizingRule.Name.roleLimit, 2), (nil, 50, .databaseLimit, 5), (30, 20, .databaseLimit, 2),
            (nil, nil, .headroom, 8),
        ] as [(Int?, Int?, SizingRule.Name, Int)]
    )
    func `the smallest limit binds`(role: Int?, database: Int?, binding: SizingRule.Name, size: Int) {
        let advice = SizingAdvice(
            question {
                $0.roleLimit = role
                $0.databaseLimit = database
            }
        )
        #expect(advice.binding.name == binding)
        #expect(advice.size == size)
    }

    @Test func `a function that takes one invocation at a time needs one connection`() {
        let advice = SizingAdvice(question { $0.concurrency = 1 })
        #expect(advice.binding.name == .invocations)
        #expect(advice.size == 1)
        #expect(advice.fits)
        #expect(advice.pooler == .notNeeded)
        #expect(advice.isSound)
    }

    @Test(
        arguments: [
            // Instances now and then, what happens, the first that is refused.
            (10, 20, SizingAdvice.ScaleOut.Outcome.fits, nil), (40, 80, .fits, nil), (40, 81, .beyondHeadroom, nil),
            (40, 97, .beyondHeadroom, nil), (40, 98, .refused, 98), (50, 200, .refused, 98),
        ] as [(Int, Int, SizingAdvice.ScaleOut.Outcome, Int?)]
    )
    func `the next scale-out fits, eats the headroom, or is refused`(
        now: Int,
        then: Int,
        outcome: SizingAdvice.ScaleOut.Outcome,
        first: Int?
    ) {
        let advice = SizingAdvice(
            question(instances: now) {
                $0.concurrency = 1
                $0.scaleTo = then
            }
        )
        #expect(advice.scaleOut.outcome == outcome)
        #expect(advice.scaleOut.firstRefused == first)
        #expect(advice.scaleOut.mostInstances == 80)
        #expect(advice.isSound == (outcome == .fits))
    }

    @Test func `what others use is not there for this service`() {
        let advice = SizingAdvice(
            question(instances: 10) {
                $0.concurrency = 1
                $0.usedByOthers = 90
            }
        )
        #expect(advice.question.available == 7)
        #expect(!advice.fits)
        #expect(advice.scaleOut.firstRefused == 8)
    }

    @Test func `more instances than slots want a pooler, with what the server works on at once`() {
        let advice = SizingAdvice(
            question(instances: 300) {
                $0.concurrency = 1
                $0.cores = 4
            }
        )
        #expect(advice.size == 1)
        #expect(advice.binding.name == .headroom)
        #expect(!advice.fits)
        guard case .recommended(let reason, let poolSize, let clients) = advice.pooler else {
            Issue.record("no pooler was recommended")
            return
        }
        #expect(reason.contains("300 instances"))
        #expect(poolSize == 9)
        #expect(clients == 750)
        let settings = SizingSettings(advice)
        #expect(settings.pgbouncer.contains("default_pool_size = 9"))
        #expect(settings.untilThen == ["VERNAL_RETENTION": "release"])
        // It would end the connections of the pooler.
        #expect(!settings.server.contains { $0.sql.contains("idle_session_timeout") })
    }

    @Test func `behind a pooler of transactions its clients are the limit, not the server's slots`() {
        var behind = question(instances: 300) { $0.concurrency = 1 }
        behind.pooler = SizingQuestion.Pooler(upstream: "pgbouncer")
        behind.pooler?.clientLimit = 1000
        let advice = SizingAdvice(behind)
        #expect(advice.rules.map(\.name) == [.poolerClients, .invocations])
        #expect(advice.fits)
        #expect(advice.pooler == .present)
        #expect(advice.scaleOut.outcome == .fits)
        let settings = SizingSettings(advice)
        #expect(settings.url == "pool_size=1&max_overflow=0&pgbouncer=true")
        #expect(settings.environment["VERNAL_UPSTREAM"] == "pgbouncer")
        #expect(!settings.server.contains { $0.sql.contains("idle_session_timeout") })

        behind.pooler?.clientLimit = 320
        #expect(SizingAdvice(behind).scaleOut.outcome == .refused)
        #expect(SizingAdvice(behind).scaleOut.firstRefused == 321)
    }

    @Test func `behind a pooler of sessions the slots count as ever`() {
        var behind = question(instances: 300) { $0.concurrency = 1 }
        behind.pooler = SizingQuestion.Pooler(upstream: "pgbouncer:session")
        #expect(!SizingAdvice(behind).fits)
    }

    @Test func `work that does not fit is said`() {
        let advice = SizingAdvice(
            question(max: 20, instances: 2) {
                $0.requestsPerSecond = 1000
                $0.queryTime = .milliseconds(20)
            }
        )
        #expect(advice.size == 8)
        #expect(advice.shortage == 14)
        #expect(!advice.isSound)

        var behind = advice.question
        behind.instances = 200
        behind.pooler = SizingQuestion.Pooler(upstream: "pgbouncer")
        #expect(SizingAdvice(behind).shortage == nil)
        behind.pooler?.poolSize = 20
        #expect(SizingAdvice(behind).shortage == 10)
    }

    @Test func `every setting that is printed is one that the engine has`() throws {
        let questions = [
            question(instances: 300) { $0.concurrency = 1 },
            question { $0.concurrency = 200 },
            question { $0.pooler = SizingQuestion.Pooler(upstream: "rdsProxy") },
            question { $0.pooler = SizingQuestion.Pooler(kind: "pgbouncer", mode: "statement") },
            question { $0.pooler = SizingQuestion.Pooler(kind: "unknownPooler", mode: "unknown") },
        ]
        for question in questions {
            let advice = SizingAdvice(question)
            let settings = SizingSettings(advice)
            let fromURL = try EngineConfiguration(url: "postgres://u@h/d?" + settings.url)
            try fromURL.validate()
            #expect(fromURL.poolSize == advice.size)
            let fromVariables = try EngineConfiguration(environment: settings.environment)
            try fromVariables.validate()
            #expect(fromVariables.poolSize == advice.size)
            let plain = try EngineConfiguration(environment: [:])
            for (name, value) in settings.environment.merging(settings.untilThen, uniquingKeysWith: { $1 })
            where !["VERNAL_POOL_SIZE", "VERNAL_MAX_OVERFLOW"].contains(name) {
                #expect(try EngineConfiguration(environment: [name: value]) != plain, "\(name) is not read")
            }
        }
    }

    @Test func `the name of a role is quoted`() {
        #expect(SizingSettings.quoted(#"my "app""#) == #""my ""app""""#)
    }
}
