import Moments
import PoolCore
import Testing

@Suite struct `The patience of a connect` {
    private let now = PoolDriver.start
    private var patience = ConnectPatience()

    private mutating func failed(
        _ trouble: ConnectTrouble,
        attempt: Int = 1,
        within time: Duration = .seconds(10),
        jitter: Double = 1
    ) -> RetryDecision {
        patience.connectFailed(trouble, attempt: attempt, now: now, deadline: now + time, jitter: jitter)
    }

    @Test mutating func `asks a starting server again after a pause that grows`() {
        #expect(failed(.starting) == .again(at: now + .milliseconds(100)))
        #expect(failed(.starting, attempt: 3) == .again(at: now + .milliseconds(400)))
        #expect(failed(.starting, attempt: 3, jitter: 0.5) == .again(at: now + .milliseconds(200)))
    }

    // 8 % of 9.98 s, of which three fifths are certain; the same again, then the double, then the cap. Who has little time has
    // the base.
    @Test(arguments: [
        (10_000, 1, 0.0, 479), (10_000, 1, 1.0, 798), (10_000, 2, 1.0, 798), (10_000, 3, 0.5, 1277),
        (10_000, 9, 1.0, 2000), (10_000, 9, 0.0, 1200),
        (500, 1, 0.0, 60), (500, 1, 1.0, 100), (500, 2, 1.0, 100), (500, 3, 1.0, 200),
    ])
    mutating func `leaves a server without slots alone for a part of the caller's time`(
        time: Int,
        attempt: Int,
        jitter: Double,
        pause: Int
    ) {
        let trouble = ConnectTrouble.overload(retryAfter: nil)
        guard case .again(let moment) = failed(trouble, attempt: attempt, within: .milliseconds(time), jitter: jitter)
        else {
            Issue.record("gave up")
            return
        }
        #expect(abs((moment - now) / .milliseconds(1) - Double(pause)) < 0.5)
    }

    @Test(arguments: [ConnectTrouble.definite, .unreachable])
    mutating func `does not repeat what would fail again, or has had its time`(trouble: ConnectTrouble) {
        let before = patience
        #expect(failed(trouble) == .giveUp(.hopeless))
        #expect(patience == before)
    }

    @Test mutating func `stays away for as long as the server says`() {
        #expect(failed(.overload(retryAfter: .seconds(2)), jitter: 0) == .again(at: now + .seconds(2)))
        #expect(failed(.overload(retryAfter: .seconds(2))) == .again(at: now + .milliseconds(2100)))
        #expect(failed(.overload(retryAfter: .seconds(12))) == .giveUp(.deadline))
        #expect(failed(.overload(retryAfter: .seconds(-1)), jitter: 0) == .again(at: now))
    }

    @Test(arguments: [21, 50, 900, 4000])
    mutating func `never draws a pause that leaves no time for the try`(milliseconds: Int) {
        let time = Duration.milliseconds(milliseconds)
        for jitter in [0, 0.5, 1.0] {
            guard case .again(let time) = failed(.overload(retryAfter: nil), attempt: 9, within: time, jitter: jitter)
            else {
                Issue.record("gave up")
                return
            }
            #expect(time >= now && time <= now + .milliseconds(milliseconds - 20))
        }
    }

    @Test(arguments: [-5, 0, 20])
    mutating func `says so when there is no time for another try`(milliseconds: Int) {
        let before = patience
        #expect(failed(.starting, within: .milliseconds(milliseconds)) == .giveUp(.deadline))
        #expect(patience == before)
    }

    @Test mutating func `ends with the quota, and a success adds to it`() {
        var limits = ConnectPatience.Limits()
        limits.quota = 3
        limits.quotaShare = 1
        patience = ConnectPatience(limits)
        for _ in 0..<3 { #expect(failed(.starting, jitter: 0) == .again(at: now)) }
        #expect(failed(.starting) == .giveUp(.quota))
        #expect(patience.remainingRetries == 0)
        patience.connectSucceeded()
        #expect(failed(.starting, jitter: 0) == .again(at: now))
    }
}

@Suite struct `A first connect window` {
    @Test(arguments: [
        (1000, 100.0, 15, 0), (1000, 100.0, 5, 5), (3000, 300.0, 4, 6), (100_000, 100.0, 15, 985), (1, 0.1, 5, 0),
        (0, 1, 5, 0), (10, 0, 5, 0), (1000, 1e-9, 5, 86_395),
    ])
    func `is what the server's queue would take beyond the deadline`(
        fleet: Int,
        rate: Double,
        deadline: Int,
        seconds: Int
    ) {
        let window = FirstConnectWindow.needed(fleet: fleet, rate: rate, deadline: .seconds(deadline))
        #expect(window == .seconds(seconds))
    }

    @Test func `is never waited for longer than half of the caller's time`() {
        func delay(_ window: Duration, _ time: Duration, _ jitter: Double) -> Duration {
            FirstConnectWindow.delay(window: window, within: time, jitter: jitter)
        }
        #expect(delay(.seconds(2), .seconds(10), 0.5) == .seconds(1))
        #expect(delay(.seconds(20), .seconds(10), 1) == .seconds(5))
        #expect(delay(.zero, .seconds(10), 1) == .zero)
        #expect(delay(.seconds(20), .seconds(-1), 1) == .zero)
    }
}
