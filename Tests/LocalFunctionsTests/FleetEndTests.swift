import LocalFunctions
import Moments
import Testing

/// How environments are frozen, and how they end.
@Suite struct `An environment of a fleet` {
    @Test func `is frozen while it waits, and thawed for the next invocation`() {
        var driver = FleetDriver { $0.freezes = true }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        _ = driver.answer(1, "a")
        #expect(driver.phase(1) == .running)
        #expect(driver.ask(1) == [.settle("a", 1), .freeze(1)])
        #expect(driver.phase(1) == .frozen)
        #expect(driver.arrive("b") == [.thaw(1), .deliver("b", to: 1, poll: PollID(2))])
    }

    @Test func `is not frozen before its extension waits too`() {
        var driver = FleetDriver { $0.freezes = true }
        _ = driver.arrive("a")
        driver.with { fleet, now in
            fleet.processStarted(1, at: now)
            #expect(fleet.extensionRegistered(1, "x", hearsInvocations: false) == true)
        }
        #expect(driver.ask(1) == [])
        let actions = driver.with { fleet, now in fleet.extensionAsked(1, "x", at: now) }
        #expect(actions == [.deliver("a", to: 1, poll: PollID(1))])
        _ = driver.answer(1, "a")
        #expect(driver.ask(1) == [.settle("a", 1), .freeze(1)])
        #expect(driver.with { fleet, _ in fleet.extensionRegistered(1, "y", hearsInvocations: false) } == false)
    }

    @Test func `that hears of invocations has to come back after each`() {
        var driver = FleetDriver { $0.freezes = true }
        _ = driver.arrive("a")
        driver.with { fleet, now in
            fleet.processStarted(1, at: now)
            _ = fleet.extensionRegistered(1, "x", hearsInvocations: true)
            _ = fleet.extensionAsked(1, "x", at: now)
        }
        #expect(driver.ask(1) == [.deliver("a", to: 1, poll: PollID(1)), .notify(extension: "x", "a", in: 1)])
        _ = driver.answer(1, "a")
        #expect(driver.ask(1) == [.settle("a", 1)])
        let actions = driver.with { fleet, now in fleet.extensionAsked(1, "x", at: now) }
        #expect(actions == [.freeze(1)])
    }

    @Test func `is killed at the deadline, and its client is told`() {
        var driver = FleetDriver {
            $0.timeout = .seconds(3)
            $0.environments = 1
        }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        #expect(driver.pass(.milliseconds(2999)) == [])
        #expect(driver.pass(.milliseconds(1)) == [.fail("a", .timedOut(after: .seconds(3)), in: 1), .kill(1)])
        #expect(driver.phase(1) == .stopping)
        // Its place is free already.
        #expect(driver.arrive("b") == [.start(2)])
        #expect(driver.exit(1, .signaled(9)) == [.settle("a", 1)])
    }

    @Test func `is killed at the deadline also for what it does after its answer`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.begin(1)
        _ = driver.answer(1, "a")
        #expect(driver.pass(.seconds(3)) == [.kill(1)])
    }

    @Test func `survives the deadline where many share a process, and is told that it is late`() {
        var driver = FleetDriver {
            $0.concurrency = 2
            $0.survivesTimeout = true
        }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        #expect(driver.pass(.seconds(3)) == [.fail("a", .timedOut(after: .seconds(3)), in: 1)])
        #expect(driver.pass(.seconds(3)) == [])
        #expect(driver.with { fleet, _ in fleet.answerBegan(1, "a") } == .tooLate)
        #expect(driver.fleet.environments[1]?.load == 0)
    }

    @Test func `that takes too long to start is tried once more, with the time of an invocation`() {
        var driver = FleetDriver { $0.timeout = .seconds(3) }
        _ = driver.arrive("a")
        driver.with { fleet, now in fleet.processStarted(1, at: now) }
        #expect(driver.pass(.seconds(10)) == [.kill(1)])
        #expect(driver.exit(1, .signaled(9)) == [.start(2)])
        driver.with { fleet, now in fleet.processStarted(2, at: now) }
        #expect(driver.pass(.seconds(3)) == [.kill(2)])
        #expect(driver.exit(2, .signaled(9)) == [.fail("a", .initTimedOut(after: .seconds(3)), in: 2)])
    }

    @Test func `that ends in its start fails the invocation that it was started for`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        driver.with { fleet, now in fleet.processStarted(1, at: now) }
        #expect(driver.exit(1, .exited(3)) == [.fail("a", .exitedInInit(.exited(3)), in: 1)])
        #expect(driver.fleet.living == 0)
    }

    @Test func `that crashes fails what it had in hand, and is replaced when it is needed`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.begin(1)
        #expect(driver.exit(1, .signaled(11)) == [.fail("a", .exited(.signaled(11)), in: 1), .settle("a", 1)])
        #expect(driver.arrive("b") == [.start(2)])
    }

    @Test func `that cannot be started fails the invocation with the reason`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        let actions = driver.with { fleet, _ in fleet.startFailed(1, "no memory") }
        #expect(actions == [.fail("a", .cannotStart("no memory"), in: 1)])
    }

    @Test func `is reaped after its rest`() {
        var driver = FleetDriver { $0.idleAfter = .seconds(60) }
        driver.warm(1)
        #expect(driver.pass(.seconds(59)) == [])
        #expect(driver.pass(.seconds(1)) == [.kill(1)])
        #expect(driver.pass(.seconds(60)) == [])
    }

    @Test func `gets SIGTERM and a grace when that is how it ends`() {
        var driver = FleetDriver {
            $0.shutdown = .term
            $0.grace = .milliseconds(500)
        }
        driver.warm(1)
        #expect(driver.with { fleet, now in fleet.shutdownRequested(at: now) } == [.terminate(1)])
        #expect(driver.pass(.milliseconds(499)) == [])
        #expect(driver.pass(.milliseconds(1)) == [.kill(1)])
        #expect(driver.pass(.seconds(1)) == [])
    }

    @Test(arguments: [true, false])
    func `gets SIGTERM on the platform only when it registered an extension`(registers: Bool) {
        var driver = FleetDriver { $0.shutdown = .platform }
        _ = driver.arrive("a")
        driver.with { fleet, now in
            fleet.processStarted(1, at: now)
            if registers {
                _ = fleet.extensionRegistered(1, "x", hearsInvocations: false)
                _ = fleet.extensionAsked(1, "x", at: now)
            }
        }
        let actions = driver.with { fleet, now in fleet.shutdownRequested(at: now) }
        #expect(actions == [registers ? .terminate(1) : .kill(1)])
    }

    @Test func `is told what it may not say`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.begin(1)
        #expect(driver.with { fleet, _ in fleet.answerBegan(1, "nonsense") } == .unknownInvocation)
        #expect(driver.next(1) == .again("a"))
        #expect(driver.with { fleet, _ in fleet.answerBegan(1, "a") } == .accepted)
        #expect(driver.next(1) == .refused(.wrongState(from: "InvocationResponse", to: "RuntimeReady")))
        #expect(
            driver.with { fleet, _ in fleet.answerBegan(1, "a") }
                == .wrongState(from: "InvocationResponse", to: "InvocationResponse")
        )
        #expect(driver.with { fleet, now in fleet.initFailed(1, at: now) } != .accepted)
    }

    @Test func `that said why it cannot start may not ask any more, and has a moment to end`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        driver.with { fleet, now in
            fleet.processStarted(1, at: now)
            #expect(fleet.initFailed(1, at: now) == .accepted)
        }
        #expect(driver.next(1) == .refused(.wrongState(from: "RuntimeInitError", to: "RuntimeReady")))
        #expect(driver.pass(.milliseconds(500)) == [.kill(1)])
    }

    @Test func `is frozen by order only when it waits`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.begin(1)
        #expect(driver.with { fleet, now in fleet.freezeRequested(1, at: now) } == nil)
        _ = driver.answer(1, "a")
        _ = driver.ask(1)
        #expect(driver.with { fleet, now in fleet.freezeRequested(1, at: now) } == [.freeze(1)])
        #expect(driver.with { fleet, now in fleet.thawRequested(1, at: now) } == [.thaw(1)])
        #expect(driver.with { fleet, now in fleet.freezeRequested(9, at: now) } == nil)
    }

    @Test func `that runs an old program ends when it has answered`() {
        var driver = FleetDriver()
        driver.warm(1)
        _ = driver.arrive("a")
        #expect(driver.with { fleet, now in fleet.replacementRequested(at: now) } == [])
        _ = driver.answer(1, "a")
        #expect(driver.ask(1) == [.settle("a", 1), .kill(1)])
    }
}

@Suite struct `The phases of an environment` {
    @Test(arguments: EnvironmentState.Phase.allCases)
    func `all lead to the end`(phase: EnvironmentState.Phase) {
        var reached: Set<EnvironmentState.Phase> = [phase]
        for _ in EnvironmentState.Phase.allCases { reached.formUnion(reached.flatMap(\.exits)) }
        #expect(reached.contains(.gone))
        #expect(!phase.exits.contains(phase))
    }
}
