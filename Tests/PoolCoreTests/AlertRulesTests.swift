import Moments
import PoolCore
import Testing

@Suite struct `The alert rules` {
    private let quiet = AlertMeasurement(
        now: PoolDriver.start,
        acquireP95: .milliseconds(1),
        active: 1,
        limit: 10,
        waiting: 0,
        waitTimeouts: 0
    )

    private func at(_ time: Duration, _ change: (inout AlertMeasurement) -> Void = { _ in }) -> AlertMeasurement {
        var measurement = quiet
        measurement.now += time
        change(&measurement)
        return measurement
    }

    @Test func `say nothing of a quiet pool`() {
        var rules = AlertRules()
        for second in 0..<100 { #expect(rules.measured(at(.seconds(second))) == []) }
    }

    @Test func `raise and clear each alert once`() {
        var rules = AlertRules()
        let slow = at(.zero) { $0.acquireP95 = .milliseconds(51) }
        #expect(rules.measured(slow) == [AlertChange(alert: .slowAcquire, isRaised: true)])
        #expect(rules.measured(slow) == [])
        #expect(rules.measured(at(.seconds(1)) { $0.acquireP95 = nil }) == [])
        #expect(rules.raised == [.slowAcquire])
        #expect(
            rules.measured(at(.seconds(2)) { $0.acquireP95 = .milliseconds(50) })
                == [AlertChange(alert: .slowAcquire, isRaised: false)]
        )
    }

    @Test func `tell of a pool that is nearly full for a while`() {
        var rules = AlertRules()
        for second in 0..<10 { #expect(rules.measured(at(.seconds(second)) { $0.active = 8 }) == []) }
        #expect(
            rules.measured(at(.seconds(10)) { $0.active = 8 }) == [AlertChange(alert: .saturated, isRaised: true)]
        )
        #expect(rules.measured(at(.seconds(11))) == [AlertChange(alert: .saturated, isRaised: false)])
    }

    @Test func `forget a time in which a pool was nearly full when it is not`() {
        var rules = AlertRules()
        for second in 0..<40 {
            #expect(rules.measured(at(.seconds(second)) { $0.active = second % 9 == 8 ? 7 : 9 }) == [])
        }
    }

    @Test func `tell at once of a full pool in which somebody waits, and not of one of one that is used`() {
        var rules = AlertRules()
        let used = at(.zero) { ($0.active, $0.limit) = (1, 1) }
        #expect(rules.measured(used) == [])
        let full = at(.seconds(1)) { ($0.active, $0.limit, $0.waiting) = (1, 1, 1) }
        #expect(rules.measured(full) == [AlertChange(alert: .saturated, isRaised: true)])
    }

    @Test func `tell when more than three of the last ten connects failed`() {
        var rules = AlertRules()
        for failed in [true, true, true] { rules.connectEnded(failed: failed) }
        #expect(rules.measured(quiet) == [])
        rules.connectEnded(failed: true)
        #expect(rules.measured(quiet) == [AlertChange(alert: .connectFailures, isRaised: true)])
        for _ in 0..<6 { rules.connectEnded(failed: false) }
        #expect(rules.measured(quiet) == [])
        rules.connectEnded(failed: false)
        #expect(rules.measured(quiet) == [AlertChange(alert: .connectFailures, isRaised: false)])
    }

    @Test func `look back at 64 connects at most`() {
        var limits = AlertLimits()
        (limits.connectWindow, limits.connectFailures) = (100, 63)
        var rules = AlertRules(limits)
        for _ in 0..<64 { rules.connectEnded(failed: true) }
        #expect(rules.measured(quiet) == [AlertChange(alert: .connectFailures, isRaised: true)])
    }

    @Test func `tell when somebody got no connection, until it has not happened for a minute`() {
        var rules = AlertRules()
        #expect(
            rules.measured(at(.zero) { $0.waitTimeouts = 1 }) == [AlertChange(alert: .exhausted, isRaised: true)]
        )
        #expect(rules.measured(at(.seconds(59)) { $0.waitTimeouts = 2 }) == [])
        #expect(rules.measured(at(.seconds(118)) { $0.waitTimeouts = 2 }) == [])
        #expect(
            rules.measured(at(.seconds(119)) { $0.waitTimeouts = 2 })
                == [AlertChange(alert: .exhausted, isRaised: false)]
        )
    }
}
