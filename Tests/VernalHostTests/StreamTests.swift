import HTTPTypes
import NIOCore
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
    private let get = "GET / HTTP/1.1\nHost: h\n\n"

    @Test func `a stream goes out in chunks, and the connection is kept`() async throws {
        let handler: FunctionHandler = { _, _ in
            .stream(status: .created, headers: [.contentType: "text/plain", .contentLength: "1"]) { writer in
                try await writer.write("one ")
                try await writer.write([])
                try await writer.write("two")
            }
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                for _ in 0..<2 {
                    try await connection.send(get)
                    let response = try #require(try await connection.response())
                    #expect(response.status == 201)
                    #expect(response.body == "one two" && response.chunks == 2)
                    #expect(response["content-length"] == nil)
                }
            }
        }
    }

    @Test func `what is written arrives before the stream ends`() async throws {
        let received = Event()
        let handler: FunctionHandler = { _, _ in
            .stream { writer in
                try await writer.write("first")
                await received.wait()
            }
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.send(get)
                var text = ""
                while !text.contains("first") { text += try #require(try await connection.some()) }
                received.happen()
            }
        }
    }

    @Test func `HTTP 1_0 gets the stream without chunks`() async throws {
        try await withHost(handler: { _, _ in .stream { try await $0.write("all") } }) { host in
            let response = try #require(try await host.ask("GET / HTTP/1.0\n\n"))
            #expect(response.body == "all" && response["transfer-encoding"] == nil)
        }
    }

    @Test func `HEAD does not make the stream`() async throws {
        let handler: FunctionHandler = { _, _ in
            .stream { _ in Issue.record("the stream was made") }
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                for _ in 0..<2 {
                    try await connection.send("HEAD / HTTP/1.1\nHost: h\n\n")
                    #expect(try await connection.response(toHead: true)?.status == 200)
                }
            }
        }
    }

    @Test func `a stream that fails is cut off, so that the client can tell`() async throws {
        struct Broken: Error {}
        let handler: FunctionHandler = { _, _ in
            .stream { writer in
                try await writer.write("some")
                throw Broken()
            }
        }
        try await withHost(handler: handler) { host in
            let all = try await RawConnection.open(host.port) { connection in
                try await connection.send(get)
                return try await connection.rest()
            }
            #expect(!all.hasSuffix("0\r\n\r\n"))
            try await eventually { host.host.inFlight == 0 }
            #expect(host.log.lines.all.contains { $0.contains("could not be sent whole") && $0.contains("Broken") })
        }
    }

    @Test func `a stream waits for a slow client`() async throws {
        let written = Record<Int>()
        let handler: FunctionHandler = { _, _ in
            .stream { writer in
                for index in 0..<1000 {
                    try await writer.write([UInt8](repeating: 65, count: 65536))
                    written.add(index)
                }
            }
        }
        try await withHost(handler: handler) { host in
            try await RawConnection.open(host.port) { connection in
                try await connection.channel.setOption(.autoRead, value: false).get()
                try await connection.send(get)
                var last = -1
                while written.all.count != last || last <= 0 {
                    last = written.all.count
                    try await Task.sleep(for: .milliseconds(200))
                }
                // The rest fits neither into the sockets' buffers nor into the host's.
                #expect(last < 900)
                try await connection.channel.setOption(.autoRead, value: true).get()
                #expect(try await connection.response()?.body.utf8.count == 65_536_000)
            }
        }
    }

    @Test func `a stream that is over its time is cut off`() async throws {
        let handler: FunctionHandler = { _, _ in
            .stream { writer in
                try await writer.write("some")
                try await Task.sleep(for: .seconds(60))
            }
        }
        try await withHost({ $0.requestTimeout = .milliseconds(100) }, handler: handler) { host in
            let all = try await RawConnection.open(host.port) { connection in
                try await connection.send(get)
                return try await connection.rest()
            }
            #expect(all.hasPrefix("HTTP/1.1 200"))
            #expect(!all.hasSuffix("0\r\n\r\n"))
        }
    }
}
