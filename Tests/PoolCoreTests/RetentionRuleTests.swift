import Moments
import PoolCore
import Testing

@Suite struct `A retention rule` {
    private let now = PoolDriver.start

    private func rule(_ policy: RetentionPolicy) -> RetentionRule {
        var limits = RetentionRule.Limits()
        limits.policy = policy
        return RetentionRule(limits)
    }

    @Test func `keeps while nothing is known of the server`() {
        #expect(rule(.adaptive).givesBack(now: now) == false)
    }

    @Test func `does what it is told if it is not to adapt, whatever is seen`() {
        for (policy, givesBack) in [(RetentionPolicy.keep, false), (.release, true)] {
            var rule = rule(policy)
            #expect(rule.givesBack(now: now) == givesBack)
            rule.slotsCounted(SlotUsage(used: 100, usable: 100), jitter: 0)
            rule.connectRefused(now: now, jitter: 0)
            #expect(rule.givesBack(now: now) == givesBack)
            #expect(rule.isScarce(now: now))
        }
    }

    @Test(arguments: [(80, 100, false), (81, 100, true), (97, 97, true), (0, 0, true), (3, -3, true), (1, 100, false)])
    func `gives back above the headroom`(used: Int, usable: Int, givesBack: Bool) {
        var rule = rule(.adaptive)
        rule.slotsCounted(SlotUsage(used: used, usable: usable), jitter: 0)
        #expect(rule.givesBack(now: now) == givesBack)
    }

    @Test(arguments: [(5, 17, false), (6, 17, true), (38, 50, false), (39, 50, true), (2, 8, false), (3, 8, true)])
    func `leaves twelve slots to those who start, or three quarters of a small server's`(
        used: Int,
        usable: Int,
        givesBack: Bool
    ) {
        var rule = rule(.adaptive)
        rule.slotsCounted(SlotUsage(used: used, usable: usable), jitter: 0)
        #expect(rule.givesBack(now: now) == givesBack)
    }

    @Test(arguments: [4, 8, 17, 97])
    func `keeps again when nobody else is there, however small the server is`(usable: Int) {
        var rule = rule(.adaptive)
        rule.slotsCounted(SlotUsage(used: usable, usable: usable), jitter: 1)
        #expect(rule.givesBack(now: now))
        rule.slotsCounted(SlotUsage(used: 1, usable: usable), jitter: 1)
        #expect(!rule.givesBack(now: now))
    }

    @Test func `wants no count where it would change nothing`() {
        #expect(rule(.adaptive).isWorthCounting(now: now))
        #expect(!rule(.keep).isWorthCounting(now: now) && !rule(.release).isWorthCounting(now: now))
        var rule = rule(.adaptive)
        rule.connectRefused(now: now, jitter: 0)
        #expect(!rule.isWorthCounting(now: now))
        #expect(rule.isWorthCounting(now: now + .seconds(300)))
        rule = self.rule(.adaptive)
        // A low count is what ends a high one.
        rule.slotsCounted(SlotUsage(used: 97, usable: 97), jitter: 0)
        #expect(rule.isWorthCounting(now: now))
    }

    @Test(arguments: [(0.0, 70), (1.0, 60), (0.5, 65)])
    func `keeps again only well below the headroom, at a mark of its own`(jitter: Double, mark: Int) {
        var rule = rule(.adaptive)
        rule.slotsCounted(SlotUsage(used: 90, usable: 100), jitter: jitter)
        for used in [80, 75, mark + 1] {
            rule.slotsCounted(SlotUsage(used: used, usable: 100), jitter: jitter)
            #expect(rule.givesBack(now: now), "\(used)")
        }
        rule.slotsCounted(SlotUsage(used: mark - 1, usable: 100), jitter: jitter)
        #expect(!rule.givesBack(now: now))
        // Between the two marks it stays as it is, in this direction, too.
        rule.slotsCounted(SlotUsage(used: 80, usable: 100), jitter: jitter)
        #expect(!rule.givesBack(now: now))
    }

    @Test(arguments: [(0.0, 300), (1.0, 450)])
    func `gives back for a time after a refusal, which differs from process to process`(jitter: Double, seconds: Int) {
        var rule = rule(.adaptive)
        rule.connectRefused(now: now, jitter: jitter)
        // A low count meanwhile proves nothing: everybody else was refused as well.
        rule.slotsCounted(SlotUsage(used: 1, usable: 100), jitter: 0)
        #expect(rule.givesBack(now: now))
        #expect(rule.givesBack(now: now + .seconds(seconds) - .milliseconds(1)))
        #expect(!rule.givesBack(now: now + .seconds(seconds)))
    }

    @Test func `is not made to forget sooner by another refusal`() {
        var rule = rule(.adaptive)
        rule.connectRefused(now: now, jitter: 1)
        rule.connectRefused(now: now + .seconds(1), jitter: 0)
        #expect(rule.givesBack(now: now + .seconds(449)))
        rule.connectRefused(now: now + .seconds(400), jitter: 0)
        #expect(rule.givesBack(now: now + .seconds(699)))
        #expect(!rule.givesBack(now: now + .seconds(700)))
    }

    @Test func `does not wait for a clock that was set back`() {
        var rule = rule(.adaptive)
        rule.connectRefused(now: now, jitter: 0)
        #expect(!rule.givesBack(now: now - .seconds(3600)))
    }
}
