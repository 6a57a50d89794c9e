#if RedisAdmission
internal import LibpqIO
internal import Moments
internal import Synchronization
public import Vernal

/// Admission for a whole fleet, with its books in Redis.
///
/// What Redis answers is a place in line, so nobody has to ask twice; when Redis does not answer, the engine goes on without
/// it. Each question has a connection to Redis of its own, a round trip or two before one that takes seven: a process that
/// is frozen for most of its time is not to hold a connection there, either.
///
/// ```swift
/// var configuration = try EngineConfiguration(environmentFor: nil)
/// configuration.connectAdmission = try RedisAdmission(url: "rediss://:secret@redis:6379", name: "orders", rate: 20)
/// try configureEngine(configuration)
/// ```
public final class RedisAdmission: ConnectAdmission {
    /// By which numbers it admits.
    public struct Limits: Sendable, Hashable {
        /// How many connects a second the whole fleet may make in the long run.
        ///
        /// More than 0.
        public var rate: Double
        /// How many connects the fleet may make at once after a quiet time.
        ///
        /// From 1; default 10.
        public var burst = 10
        /// How many connections the whole fleet may have open.
        ///
        /// From 1; default `nil`: they are not counted.
        public var maxOpen: Int?
        /// After what time a connection is no longer counted though nobody said that it was closed, as when a process was
        /// killed or frozen for good.
        ///
        /// Default 15 min, which is also the longest life of a connection; keep it at least as long as that.
        public var leaseTime: Duration = .seconds(900)

        /// Limits with the defaults.
        public init(rate: Double) {
            self.rate = rate
        }
    }

    private let address: RedisAddress
    private let authority: String?
    private let limits: Limits
    private let key: (rate: String, open: String)
    private let instance = UInt64.random(in: .min ... .max)
    private let lastTicket = Atomic<UInt64>(0)

    /// The longest time that anybody can be told to wait.
    private static let horizon: Duration = .seconds(900)

    /// Prepares the admission; nothing is opened before the first connect.
    ///
    /// - Parameters:
    ///   - url: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
    ///   - name: What is shared: all processes with the same name share one rate. It becomes the hash tag of the keys.
    ///   - limits: By which numbers to admit.
    ///   - certificateAuthority: A file with the certificates to trust for TLS; `nil` takes those of the system.
    /// - Throws: `RedisAdmissionError` when the URL, the name or a number makes no sense.
    public init(
        url: String,
        name: String,
        limits: Limits,
        certificateAuthority: String? = nil
    ) throws(RedisAdmissionError) {
        address = try RedisAddress(url: url)
        authority = certificateAuthority
        guard !name.isEmpty, !name.contains("{"), !name.contains("}") else {
            throw RedisAdmissionError("the name of a Redis admission is a word without braces")
        }
        guard limits.rate > 0, limits.rate.isFinite, limits.rate <= 1e6 else {
            throw RedisAdmissionError(
                "rate is \(limits.rate): it has to be more than 0 connects a second, at most 1000000"
            )
        }
        guard (1...1_000_000).contains(limits.burst) else {
            throw RedisAdmissionError("burst is \(limits.burst): it has to be from 1 to 1000000")
        }
        if let most = limits.maxOpen, most < 1 {
            throw RedisAdmissionError("maxOpen is \(most): it has to be 1 or more")
        }
        guard limits.leaseTime >= .seconds(1), limits.leaseTime <= .seconds(86_400) else {
            throw RedisAdmissionError("leaseTime is \(limits.leaseTime): it has to be from a second to a day")
        }
        self.limits = limits
        key = ("{\(name)}:vernal:rate", "{\(name)}:vernal:open")
    }

    /// Prepares the admission for a rate alone.
    ///
    /// - Parameters:
    ///   - url: `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
    ///   - name: What is shared: all processes with the same name share one rate. It becomes the hash tag of the keys.
    ///   - rate: How many connects a second the whole fleet may make in the long run.
    /// - Throws: `RedisAdmissionError` when the URL, the name or the rate makes no sense.
    public convenience init(url: String, name: String, rate: Double) throws(RedisAdmissionError) {
        try self.init(url: url, name: name, limits: Limits(rate: rate))
    }

    /// Books a place for a connect, and one among the open connections if those are counted.
    ///
    /// - Parameter deadline: A place that would come later is not booked.
    /// - Returns: When the connect may begin.
    /// - Throws: `RedisAdmissionError` when Redis did not decide.
    public func connectRequested(
        until deadline: ContinuousClock.Instant
    ) async throws -> ConnectAdmissionAnswer {
        let patience = max(.zero, min(deadline - .now, Self.horizon))
        let session = try await RedisSession.open(address, authority: authority, until: Moment(deadline))
        var ticket: ConnectTicket?
        if let most = limits.maxOpen {
            let wanted = ConnectTicket(id: nextTicket())
            let words = [wanted.id, String(most), Self.microseconds(limits.leaseTime)]
            let (isGiven, wait) = try await decide(AdmissionScripts.take, key.open, words, session)
            // Sooner or later somebody gives one back; only if nobody does is this when the next is free.
            guard isGiven else { return .refused(askAgainAfter: min(wait, .milliseconds(200))) }
            ticket = wanted
        }
        let words = [
            String(Int(max(1, 1e6 / limits.rate))), String(limits.burst), Self.microseconds(patience),
            Self.microseconds(Self.horizon),
        ]
        let (isBooked, wait) = try await decide(AdmissionScripts.rate, key.rate, words, session)
        if isBooked { return .admitted(after: wait, ticket) }
        if let ticket { _ = try await session.run(["ZREM", key.open, ticket.id]) }
        return .refused(askAgainAfter: wait)
    }

    /// Gives places of open connections back.
    ///
    /// - Parameter tickets: What the connections were admitted with.
    /// - Throws: `RedisAdmissionError` when Redis cannot be told; then they are forgotten after the lease time.
    public func connectionsClosed(_ tickets: [ConnectTicket]) async throws {
        guard !tickets.isEmpty, limits.maxOpen != nil else { return }
        let session = try await RedisSession.open(address, authority: authority, until: .now + .seconds(1))
        _ = try await session.run(["ZREM", key.open] + tickets.map(\.id))
    }

    private func nextTicket() -> String {
        String(instance, radix: 16) + "-" + String(lastTicket.add(1, ordering: .relaxed).newValue)
    }

    private func decide(
        _ script: String,
        _ key: String,
        _ words: [String],
        _ session: RedisSession
    ) async throws(RedisAdmissionError) -> (isGiven: Bool, wait: Duration) {
        let reply = try await session.run(["EVAL", script, "1", key] + words)
        guard let numbers = reply.integers, numbers.count == 2 else {
            throw RedisAdmissionError("Redis answered something else than was asked for")
        }
        return (numbers[0] == 1, .microseconds(numbers[1]))
    }

    private static func microseconds(_ duration: Duration) -> String {
        String(Int64(duration / .microseconds(1)))
    }
}

#endif
