import Foundation
import NIOCore
import NIOPosix
import Testing
import VernalHost

/// Random and damaged requests over real sockets.
///
/// `VERNAL_FUZZ` is their number, which is worked off however long it takes; without it a few seconds have to do. `VERNAL_SEED`
/// chooses other ones.
@Suite(.timeLimit(.minutes(30))) struct RandomInputTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["VERNAL_SEED"].flatMap { UInt64($0) } ?? 0

    private static let valid = [
        "GET /users?team=a%20b HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n",
        "POST /users HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: v\r\n\r\n",
        "HEAD http://h/p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", "CONNECT h:1 HTTP/1.1\r\n\r\n",
    ].map { Array($0.utf8) }

    private static let fragments = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", "%", "?", "#", "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "HTTP/1.1", "0\r\n\r\n", "\u{ff}", "Host: h\r\n", "Expect: 100-continue\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ].map { Array($0.utf8) }

    /// Random bytes, or valid requests with random damage.
    private static func input(_ random: inout SeededGenerator) -> [UInt8] {
        if Int.random(in: 0..<10, using: &random) == 0 {
            return (0..<Int.random(in: 1...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var bytes = (0..<Int.random(in: 1...3, using: &random)).flatMap { _ in
            valid.randomElement(using: &random) ?? []
        }
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

    @Test func `no input stops the host from answering`() async throws {
        let wanted = Self.environment["VERNAL_FUZZ"].flatMap { Int($0) }
        // Bounded by time too: what a slow machine does not get to is the tail of the same sequences.
        let (count, end) = (wanted ?? 20_000, ContinuousClock.now + .seconds(wanted == nil ? 6 : 1500))
        let handler: FunctionHandler = { request, _ in
            .text("\(request.pathComponents) \(request.query.all("team")) \(request.body.count)")
        }
        try await withHost(
            {
                ($0.headerTimeout, $0.bodyTimeout) = (.milliseconds(10), .milliseconds(10))
            },
            handler: handler
        ) { host in
            try await withThrowingTaskGroup(of: (answered: Int, sent: Int).self) { group in
                for lane in 0..<16 {
                    group.addTask {
                        var random = SeededGenerator(state: Self.seed &+ UInt64(lane))
                        var (answered, sent) = (0, 0)
                        for _ in 0..<count / 16 where ContinuousClock.now < end {
                            if try await Self.throwAt(host.port, Self.input(&random), &random) { answered += 1 }
                            sent += 1
                        }
                        return (answered, sent)
                    }
                }
                var (answered, sent) = (0, 0)
                for try await lane in group { (answered, sent) = (answered + lane.answered, sent + lane.sent) }
                print("\(sent) requests from VERNAL_SEED=\(Self.seed), VERNAL_FUZZ=\(count)")
                #expect(wanted == nil || sent == count / 16 * 16)
                #expect(answered > 100)
            }
            #expect(try await host.ask("GET / HTTP/1.1\nHost: h\n\n")?.status == 200)
            try await eventually { host.host.inFlight == 0 }
        }
    }

    /// Sends the bytes in one or two pieces and goes away, mostly after the first answer; tells whether there was one.
    private static func throwAt(_ port: Int, _ bytes: [UInt8], _ random: inout SeededGenerator) async throws -> Bool {
        let cut = Bool.random(using: &random) ? bytes.count : Int.random(in: 0...bytes.count, using: &random)
        let waits = bytes.starts(with: "GET /users?".utf8) && bytes.contains(UInt8(ascii: "\n"))
        let closesOutput = Bool.random(using: &random)
        return try await RawConnection.open(port) { connection in
            do {
                try await connection.sendRaw(Array(bytes[..<cut]))
                if cut < bytes.count { try await connection.sendRaw(Array(bytes[cut...])) }
                // Nonsense or a timeout makes the host answer or close, so that waiting never takes long.
                if waits || closesOutput {
                    try await connection.sendRaw(Array("\r\n\r\n\r\nX\r\n\r\n".utf8))
                    return try await connection.some() != nil
                }
            } catch is IOError {} catch is ChannelError {}  // The host closed before all was sent.
            return false
        }
    }
}
