/// What came of a storm.
public struct StormResult: Sendable, Codable, Hashable {
    /// The scenario's name.
    public var scenario: String
    /// The policy's name.
    public var policy: String
    /// How many environments there were.
    public var environments: Int
    /// Callers that came.
    public var invocations = 0
    /// Callers that got no connection.
    public var failed = 0
    /// Connects that reached the server.
    public var connects = 0
    /// Connects that the server made for somebody who had gone.
    public var wasted = 0
    /// Connects that the server refused because it had no slot left.
    public var refused = 0
    /// The most connections that were open at a time.
    public var peakConnections = 0
    /// In seconds: the most work that lay before the server.
    public var peakQueue = 0.0
    /// In seconds: the time from the call to the connection, for those who got one.
    public var p50 = 0.0
    /// In seconds: what 99 of 100 did not exceed.
    public var p99 = 0.0
    /// In seconds: from the first call to the last that ended.
    public var makespan = 0.0

    /// The mean of several runs, with whole numbers rounded.
    public static func mean(of results: [StormResult]) -> StormResult? {
        guard var mean = results.first else { return nil }
        for path in [\StormResult.invocations, \.failed, \.connects, \.wasted, \.refused, \.peakConnections] {
            mean[keyPath: path] = (results.map { $0[keyPath: path] }.reduce(0, +) + results.count / 2) / results.count
        }
        for path in [\StormResult.peakQueue, \.p50, \.p99, \.makespan] {
            mean[keyPath: path] = results.map { $0[keyPath: path] }.reduce(0, +) / Double(results.count)
        }
        return mean
    }
}
