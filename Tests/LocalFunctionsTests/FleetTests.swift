import LocalFunctions
import Moments
import Testing

/// Which environment gets an invocation, and when one is started.
@Suite struct `A fleet` {
    @Test func `starts an environment for the first invocation and gives it that`() {
        var driver = FleetDriver()
        #expect(driver.arrive("a") == [.start(1)])
        #expect(driver.phase(1) == .starting)
        #expect(driver.begin(1) == [.deliver("a", to: 1, poll: PollID(1))])
        #expect(driver.phase(1) == .running)
    }

    @Test func `hears a quick process before the news that it runs`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        #expect(driver.ask(1) == [.deliver("a", to: 1, poll: PollID(1))])
        driver.with { fleet, now in fleet.processStarted(1, at: now) }
        #expect(driver.phase(1) == .running)
        #expect(driver.answer(1, "a") == [])
        #expect(driver.ask(1) == [.settle("a", 1)])
    }

    @Test func `uses an environment that waits instead of starting another`() {
        var driver = FleetDriver()
        driver.warm(1)
        #expect(driver.phase(1) == .idle)
        #expect(driver.arrive("b") == [.deliver("b", to: 1, poll: PollID(2))])
    }

    @Test func `starts as many as there are invocations at a time, and no more than it may`() {
        var driver = FleetDriver()
        #expect(driver.arrive("a") == [.start(1)])
        #expect(driver.arrive("b") == [.start(2)])
        #expect(driver.arrive("c") == [.start(3)])
        #expect(driver.arrive("d") == [.reject("d")])
    }

    @Test func `gives the environment it started to the invocation it started it for`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.arrive("b")
        #expect(driver.begin(2) == [.deliver("b", to: 2, poll: PollID(1))])
        #expect(driver.begin(1) == [.deliver("a", to: 1, poll: PollID(2))])
    }

    @Test(arguments: [(FleetLimits.Reuse.mostRecent, 1), (.leastRecent, 2)])
    func `reuses in the order that was chosen`(reuse: FleetLimits.Reuse, expected: Int) {
        var driver = FleetDriver { $0.reuse = reuse }
        _ = driver.arrive("a")
        _ = driver.arrive("b")
        _ = driver.begin(1)
        _ = driver.begin(2)
        // 2 comes back first, 1 later.
        _ = driver.answer(2, "b")
        _ = driver.ask(2)
        _ = driver.pass(.milliseconds(5))
        _ = driver.answer(1, "a")
        _ = driver.ask(1)
        _ = driver.pass(.milliseconds(5))
        let actions = driver.arrive("c")
        #expect(actions.contains { if case .deliver("c", let id, _) = $0 { id.rawValue == expected } else { false } })
    }

    @Test func `waits a moment for an environment that has answered and will be back`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.begin(1)
        _ = driver.answer(1, "a")
        #expect(driver.arrive("b") == [])
        #expect(driver.ask(1) == [.settle("a", 1), .deliver("b", to: 1, poll: PollID(2))])
    }

    @Test func `starts another when that one does not come back`() {
        var driver = FleetDriver()
        _ = driver.arrive("a")
        _ = driver.begin(1)
        _ = driver.answer(1, "a")
        #expect(driver.arrive("b") == [])
        #expect(driver.pass(.milliseconds(19)) == [])
        #expect(driver.pass(.milliseconds(1)) == [.start(2)])
    }

    @Test func `lets an invocation wait for room as long as it may, the first come first`() {
        var driver = FleetDriver { $0.environments = 1 }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        #expect(driver.arrive("b", patience: .seconds(1)) == [])
        #expect(driver.arrive("c", patience: .seconds(2)) == [])
        #expect(driver.fleet.waiting == 2)
        #expect(driver.pass(.seconds(1)) == [.reject("b")])
        _ = driver.answer(1, "a")
        #expect(driver.ask(1) == [.settle("a", 1), .deliver("c", to: 1, poll: PollID(2))])
    }

    @Test func `forgets an invocation whose client went away before its turn`() {
        var driver = FleetDriver { $0.environments = 1 }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        _ = driver.arrive("b", patience: .seconds(1))
        #expect(driver.with { fleet, _ in fleet.invocationAbandoned("b") } == true)
        #expect(driver.with { fleet, _ in fleet.invocationAbandoned("a") } == false)
        _ = driver.answer(1, "a")
        #expect(driver.ask(1) == [.settle("a", 1)])
    }

    @Test func `gives one environment several invocations when that is how it is run`() {
        var driver = FleetDriver {
            $0.concurrency = 2
            $0.environments = 1
            $0.survivesTimeout = true
        }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        _ = driver.ask(1)
        #expect(driver.arrive("b") == [.deliver("b", to: 1, poll: PollID(2))])
        #expect(driver.arrive("c") == [.reject("c")])
        #expect(driver.answer(1, "b") == [.settle("b", 1)])
        // It has room, but has not asked yet.
        #expect(driver.arrive("d") == [])
        #expect(driver.ask(1) == [.deliver("d", to: 1, poll: PollID(3))])
    }

    @Test func `refuses nobody while there is room that is about to be asked for`() {
        var driver = FleetDriver {
            $0.concurrency = 3
            $0.environments = 1
        }
        _ = driver.arrive("a")
        _ = driver.begin(1)
        for name in ["b", "c"] { #expect(driver.arrive(name) == []) }
        // A busy machine takes its time.
        #expect(driver.pass(.milliseconds(900)) == [])
        #expect(driver.ask(1) == [.deliver("b", to: 1, poll: PollID(2))])
        #expect(driver.pass(.milliseconds(100)) == [.reject("c")])
    }

    @Test func `sends an invocation to one that listens itself once it listens`() {
        var driver = FleetDriver(isPolled: false)
        #expect(driver.arrive("a") == [.start(1)])
        driver.with { fleet, now in fleet.processStarted(1, at: now) }
        let actions = driver.with { fleet, now in fleet.processListens(1, at: now) }
        #expect(actions == [.deliver("a", to: 1, poll: nil)])
        #expect(driver.answer(1, "a") == [.settle("a", 1)])
        #expect(driver.phase(1) == .idle)
        #expect(driver.arrive("b") == [.deliver("b", to: 1, poll: nil)])
    }
}
