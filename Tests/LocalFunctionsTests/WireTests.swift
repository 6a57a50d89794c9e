import LocalFunctions
import Testing

@Suite struct `An event stream` {
    @Test func `has the checksums of its specification`() {
        #expect(EventStream.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        // The test vector "empty_message" of the AWS SDKs.
        #expect(
            EventStream.message([], []) == [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xC2, 0x48, 0xEB, 0x7D, 0x98, 0xC8, 0xFF]
        )
    }

    @Test func `carries headers and payload`() {
        let message = EventStream.message([(":a", "b")], [1, 2, 3])
        #expect(message.count == 16 + 7 + 3)
        #expect(Array(message[4..<8]) == [0, 0, 0, 7])
        #expect(Array(message[12..<19]) == [2, 0x3A, 0x61, 7, 0, 1, 0x62])
    }
}

@Suite struct `An invoke request` {
    @Test(
        arguments: [
            ("/2015-03-31/functions/f/invocations", "", "f", nil, false),
            ("/2015-03-31/functions/f:live/invocations", "", "f", "live", false),
            ("/2015-03-31/functions/f/invocations", "Qualifier=7", "f", "7", false),
            (
                "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A012345678912%3Afunction%3Af%3Alive/invocations",
                "",
                "f", "live", false
            ),
            ("/2021-11-15/functions/f/response-streaming-invocations", "", "f", nil, true),
        ] as [(String, String, String, String?, Bool)]
    )
    func `names function and version`(
        path: String,
        query: String,
        name: String,
        qualifier: String?,
        isStreaming: Bool
    ) throws {
        let request = try #require(InvokeRequest(path: path[...], query: query[...]))
        #expect(request.name == name)
        #expect(request.qualifier == qualifier)
        #expect(request.isStreaming == isStreaming)
        #expect(request.executedVersion == (qualifier == "7" ? "7" : "$LATEST"))
    }

    @Test(arguments: [
        "/", "/2015-03-31/functions/f", "/2015-03-31/functions//invocations", "/2015-03-31/functions/f/invocations/x",
        "/2021-11-15/functions/f/invocations",
    ])
    func `is nothing else`(path: String) {
        #expect(InvokeRequest(path: path[...], query: "") == nil)
    }
}

@Suite struct `A link to PostgreSQL` {
    private static func message(_ type: Character, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count + 4
        return [type.asciiValue ?? 0] + [0, 0, UInt8(length >> 8), UInt8(length & 0xFF)] + payload
    }

    private static let hello =
        message("R", [0, 0, 0, 0]) + message("S", Array("server_version\u{0}15\u{0}".utf8)) + message("Z", [0x49])
    private static let refusal = message("E", Array("SFATAL\u{0}C53300\u{0}Msorry\u{0}\u{0}".utf8))
    private static let rows = message("T", [UInt8](repeating: 7, count: 600)) + message("D", [0, 1])

    @Test(arguments: 1...12)
    func `is read however its bytes are cut`(size: Int) {
        func sights(_ bytes: [UInt8], _ reader: inout LinkReader) -> [LinkReader.Sight] {
            stride(from: 0, to: bytes.count, by: size).flatMap { start in
                reader.serverSent(bytes[start..<min(start + size, bytes.count)])
            }
        }
        var reader = LinkReader()
        reader.clientSent([0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F])
        #expect(sights([UInt8(ascii: "N")] + Self.hello + Self.rows + Self.rows, &reader) == [.ready, .row])
        var refused = LinkReader()
        refused.clientSent([0, 0, 0, 9, 0, 3, 0, 0, 0])
        #expect(sights(Self.refusal, &refused) == [.refused(sqlState: "53300")])
    }

    @Test func `that is encrypted is left alone`() {
        var reader = LinkReader()
        reader.clientSent([0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F])
        #expect(reader.serverSent([UInt8(ascii: "S")]) == [])
        #expect(reader.serverSent(Self.hello) == [])
    }
}

@Suite struct `The lines of a log` {
    @Test(arguments: 1...7)
    func `are whole however they are cut`(size: Int) {
        let bytes = Array("one\ntwo\r\n\nthe ä last".utf8)
        var lines = LogLines()
        var found = stride(from: 0, to: bytes.count, by: size).flatMap { start in
            lines.append(bytes[start..<min(start + size, bytes.count)])
        }
        found += lines.finish().map { [$0] } ?? []
        #expect(found == ["one", "two", "", "the ä last"])
        #expect(lines.finish() == nil)
    }

    @Test func `are cut when they never end`() {
        var lines = LogLines()
        let found = lines.append([UInt8](repeating: 0x61, count: LogLines.longest * 2 + 1))
        #expect(found.map(\.utf8.count) == [LogLines.longest, LogLines.longest])
        #expect(lines.finish() == "a")
    }

    @Test func `have a tail of 4 kilobytes`() {
        var tail = LogTail()
        for number in 0..<1000 { tail.append("line \(number)") }
        #expect(tail.end.count == 4096)
        #expect(String(decoding: tail.end, as: UTF8.self).hasSuffix("line 999\n"))
    }
}

@Suite struct `Percentiles of durations` {
    @Test func `are the smallest that so many are not longer than`() {
        let values = Percentiles((1...100).map { Duration.milliseconds($0) })
        #expect(values[50] == .milliseconds(50))
        #expect(values[99] == .milliseconds(99))
        #expect(values[100] == .milliseconds(100))
        #expect(values[ms: 1] == 1)
        #expect(Percentiles([])[50] == .zero)
    }
}

@Suite struct `A report` {
    @Test func `reads as the platform's`() {
        let report = InvocationReport(
            invocation: InvocationID("id"),
            duration: .microseconds(12_345),
            memorySize: 512,
            maxMemory: 40 * 1_048_576 + 1,
            initDuration: .milliseconds(99),
            failure: nil
        )
        #expect(
            report.line
                == "REPORT RequestId: id\tDuration: 12.35 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB"
                + "\tMax Memory Used: 41 MB\tInit Duration: 99.00 ms"
        )
    }

    @Test func `has the platform's words for failures`() {
        let messages: [(FunctionFailure, String)] = [
            (.exited(.exited(3)), "RequestId: id Error: Runtime exited with error: exit status 3"),
            (.exited(.exited(0)), "RequestId: id Error: Runtime exited without providing a reason"),
            (.exited(.signaled(11)), "RequestId: id Error: Runtime exited with error: signal: segmentation fault"),
            (.timedOut(after: .milliseconds(2050)), "RequestId: id Error: Task timed out after 2.05 seconds"),
        ]
        for (failure, message) in messages { #expect(failure.message(for: InvocationID("id")) == message) }
    }

    @Test func `knows the memory of a process from its status`() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"
        let memory = ProcessMemory(status: status)
        #expect(memory?.peak == 2_097_152)
        #expect(memory?.resident == 1_048_576)
        #expect(ProcessMemory(status: "Name:\tx\n") == nil)
    }
}

@Suite struct `A pipe of bytes` {
    @Test func `passes pieces on in order, and the end`() async throws {
        let pipe = BytePipe()
        async let read = Self.all(of: pipe)
        for number in 0..<100 { try await pipe.write([UInt8(number)]) }
        pipe.finish()
        #expect(try await read == (0..<100).map { UInt8($0) })
        #expect(try await pipe.read() == nil)
    }

    @Test func `tells the reader of an error, and the writer that nobody reads`() async throws {
        let pipe = BytePipe()
        pipe.finish(throwing: StreamFailure(type: "x", body: []))
        await #expect(throws: StreamFailure.self) { _ = try await pipe.read() }
        await #expect(throws: BytePipe.ReaderGone.self) { try await pipe.write([1]) }
    }

    private static func all(of pipe: BytePipe) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let more = try await pipe.read() { bytes += more }
        return bytes
    }
}

@Suite struct `Request identifiers` {
    @Test func `are UUIDs of version 4, each another`() {
        let identifiers = (0..<1000).map { _ in RequestIdentifier.random() }
        #expect(Set(identifiers).count == 1000)
        for identifier in identifiers {
            #expect(identifier.contains(#/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/#))
        }
    }
}
