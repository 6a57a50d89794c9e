import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(30))) struct LambdaRandomInputTests {
    private static let seed: UInt64 = 0x5eed_1a3b_da00_0001
    /// `VERNAL_FUZZ=1000000` for the long run.
    private static let count =
        ProcessInfo.processInfo.environment["VERNAL_FUZZ"].flatMap { Int($0) } ?? 10_000

    private static let event = """
        {"version":"2.0","rawPath":"/u%20x","rawQueryString":"a=b","headers":{"a":"b"},"cookies":["c=d"],"body":"aGk=",
        "requestContext":{"http":{"method":"POST","path":"/"},"stage":"$default"},"isBase64Encoded":true}
        """
    private static let valid = [
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
            + "Lambda-Runtime-Deadline-Ms: 1542409706888\r\nLambda-Runtime-Trace-Id: Root=1-5bef4de7;Sampled=1\r\n"
            + "Lambda-Runtime-Client-Context: {}\r\nContent-Length: \(event.utf8.count)\r\n\r\n\(event)",
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n0\r\nT: v\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\n\r\nto the end",
    ].map { Array($0.utf8) }

    private static let fragments = [
        "\r\n", "\n", "\0", " ", ":", "\u{ff}", "Content-Length: 1\r\n", "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n", "0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "{", "\"",
        "\\u",
        "[[[[[[[[", "-9223372036854775808", "Lambda-Runtime-Deadline-Ms: -1\r\n", "null", "1e999", "%",
    ].map { Array($0.utf8) }

    private static func input(_ random: inout SplitMix) -> [UInt8] {
        if Int.random(in: 0..<10, using: &random) == 0 {
            return (0..<Int.random(in: 1...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var bytes = valid.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: place)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes.removeSubrange(end...)
            }
        }
        return bytes
    }

    /// How the inputs ended.
    private struct Tally {
        var handled = 0
        var refused = 0
        var broken = 0
        /// The numbers of those that were never answered.
        var lost: [Int] = []
    }

    @Test func `no answer of the runtime API stops the process`() async throws {
        let endpoint = try #require(RuntimeEndpoint("h:1"))
        await withTaskGroup(of: Tally.self) { group in
            for lane in 0..<4 { group.addTask { Self.run(Self.count / 4, Self.seed + UInt64(lane), endpoint) } }
            for await tally in group {
                #expect(tally.lost == [], "seed \(Self.seed)")
                // The inputs reach every way, else they would show nothing.
                let least = min(tally.handled, tally.refused, tally.broken)
                #expect(least > Self.count / 400, "seed \(Self.seed): \(tally)")
            }
        }
    }

    private static func run(_ count: Int, _ seed: UInt64, _ endpoint: RuntimeEndpoint) -> Tally {
        var random = SplitMix(state: seed)
        var tally = Tally()
        for number in 0..<count {
            let bytes = input(&random)
            let cut = Int.random(in: 0...bytes.count, using: &random)
            switch exchange([Array(bytes[..<cut]), Array(bytes[cut...])], endpoint) {
            case .success(let response):
                switch NextVerdict(response) {
                case .handle(let invocation):
                    tally.handled += 1
                    _ = invocation.remaining(at: Int64.random(in: .min ... .max, using: &random))
                    _ = try? EventTranslation.request(fromEvent: response.body)
                case .askAgain, .end: tally.refused += 1
                }
            case .failure: tally.broken += 1
            case nil: tally.lost.append(number)
            }
        }
        return tally
    }

    /// Sends "next" on a channel in memory, and answers it with the pieces and then with the end of the connection.
    private static func exchange(
        _ pieces: [[UInt8]],
        _ endpoint: RuntimeEndpoint
    ) -> Result<RuntimeResponse, any Error>? {
        let channel = EmbeddedChannel()
        do {
            try RuntimeConnection.configure(channel, endpoint)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        } catch {
            return nil
        }
        let answer = channel.eventLoop.makePromise(of: RuntimeResponse.self)
        let result = Mutex<Result<RuntimeResponse, any Error>?>(nil)
        answer.futureResult.whenComplete { outcome in result.withLock { $0 = outcome } }
        channel.writeAndFlush(RuntimeCommand.request(.next, answer)).cascadeFailure(to: answer)
        for piece in pieces where !piece.isEmpty { _ = try? channel.writeInbound(ByteBuffer(bytes: piece)) }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return result.withLock { $0 }
    }
}

/// SplitMix64: the same inputs in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
