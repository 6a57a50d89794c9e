#if RedisAdmission

/// The rules, as Redis runs them.
///
/// Other fleets may use the same keys with the same scripts: what is written here is all there is to it. Both scripts take
/// the time from Redis, so the clocks of the clients do not matter, and everything they touch has the same hash tag, so
/// that a cluster runs them where the keys are.
enum AdmissionScripts {
    /// The generic cell rate algorithm with bookings: `CellRate` in Redis.
    ///
    /// `KEYS[1]` (`{NAME}:vernal:rate`, a string) is the time, in microseconds since 1970, until which all that was booked
    /// has been paid for. `ARGV`: microseconds from one connect to the next; how many at once after a quiet time; how many
    /// microseconds the caller would wait; how many anybody can wait at the most.
    ///
    /// Answers `{1, wait}` when a place is booked, `{0, wait}` when it would come too late and is not.
    static let rate = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local interval, horizon = tonumber(ARGV[1]), tonumber(ARGV[4])
        local tolerance = interval * (tonumber(ARGV[2]) - 1)
        local paid = tonumber(redis.call('GET', KEYS[1]) or now) or now
        if paid < now or paid - now > horizon + tolerance + interval then paid = now end
        local wait = math.max(0, paid - tolerance - now)
        if wait > math.min(tonumber(ARGV[3]), horizon) then return {0, wait} end
        paid = paid + interval
        redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', math.ceil((paid - now) / 1000) + 1000)
        return {1, wait}
        """

    /// One of so many places for open connections.
    ///
    /// `KEYS[1]` (`{NAME}:vernal:open`, a sorted set) has a member for each open connection, with the time in microseconds
    /// since 1970 at which it is forgotten. `ARGV`: the member's name; how many there may be; for how many microseconds it
    /// counts.
    ///
    /// Answers `{1, 0}` when the place was given, `{0, wait}` when there is none: so long until the first is forgotten.
    static let take = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
        if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
          local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
          return {0, math.max(0, tonumber(first[2]) - now)}
        end
        redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[3]), ARGV[1])
        redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[3] / 1000) + 1000)
        return {1, 0}
        """
}

#endif
