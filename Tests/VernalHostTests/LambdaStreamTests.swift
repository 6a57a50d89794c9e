import Foundation
import HTTPTypes
import NIOHTTP1
import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct LambdaStreamTests {
    private static let event = """
        {"version":"2.0","routeKey":"$default","rawPath":"/","rawQueryString":"","headers":{},
        "requestContext":{"http":{"method":"GET","path":"/","protocol":"HTTP/1.1","sourceIp":"1.2.3.4"},"stage":"$default"},
        "isBase64Encoded":false}
        """

    private func post(
        _ program: FunctionProgram,
        headers: [(String, String)] = []
    ) async throws -> LambdaRuntimeAPI.Post {
        try await withLambda(program) {
            $0.streamsLambdaResponses = true
        } _: { lambda in
            let post = try await lambda.invoke(Self.event, headers: headers)
            #expect(post.path.hasSuffix("/id-1/response"))
            #expect(post.headers.first(name: "Lambda-Runtime-Function-Response-Mode") == "streaming")
            #expect(post.headers.first(name: "Transfer-Encoding") == "chunked")
            #expect(!post.headers.contains(name: "Content-Length"))
            let type = post.headers.first(name: "Content-Type")
            #expect(type == "application/vnd.awslambda.http-integration-response")
            // The environment lives on, whatever happened in the middle.
            let again = try await lambda.invoke(Self.event, id: "id-2", headers: headers)
            #expect(again.path.hasSuffix("/id-2/response"))
            return post
        }
    }

    /// Splits what was sent into the prelude and the content.
    private func parts(_ post: LambdaRuntimeAPI.Post) throws -> (prelude: [String: Any], content: String) {
        let zeros = try #require(post.body.firstRange(of: [UInt8](repeating: 0, count: 8)))
        let prelude = try JSONSerialization.jsonObject(with: Data(post.body[..<zeros.lowerBound]))
        return (
            try #require(prelude as? [String: Any]), String(decoding: post.body[zeros.upperBound...], as: UTF8.self)
        )
    }

    @Test func `a stream goes out behind its head, without being collected`() async throws {
        let program = FunctionProgram.requests { _, _ in
            var headers: HTTPFields = [.contentType: "text/plain"]
            headers.append(HTTPField(name: .setCookie, value: "a=1; Path=/"))
            headers.append(HTTPField(name: .setCookie, value: "b=2"))
            headers.append(HTTPField(name: .vary, value: "accept"))
            headers.append(HTTPField(name: .vary, value: "origin"))
            return .stream(status: .accepted, headers: headers) { writer in
                for number in 1...100 { try await writer.write("\(number),") }
                try await writer.write("")
            }
        }
        let post = try await post(program)
        let (prelude, content) = try parts(post)
        #expect(prelude["statusCode"] as? Int == 202)
        #expect(prelude["cookies"] as? [String] == ["a=1; Path=/", "b=2"])
        let headers = try #require(prelude["headers"] as? [String: String])
        #expect(headers == ["content-type": "text/plain", "vary": "accept, origin", "x-request-id": "id-1"])
        #expect(content == (1...100).map { "\($0)," }.joined())
        #expect(post.trailers?.isEmpty ?? true)
    }

    @Test func `content that is all there takes the same way`() async throws {
        let post = try await post(.requests { _, _ in .text("hello") })
        #expect(try parts(post).content == "hello")
    }

    @Test func `more than the limit of a whole response is no problem for a stream`() async throws {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let post = try await post(.requests { _, _ in .stream { for _ in 1...8 { try await $0.write(piece) } } })
        #expect(try parts(post).content.utf8.count == 8 << 20)
    }

    @Test func `a failure in the middle is told behind what went out`() async throws {
        struct DiskFull: Error {}
        let program = FunctionProgram.requests { _, _ in
            .stream { writer in
                try await writer.write("half")
                throw DiskFull()
            }
        }
        let post = try await post(program)
        #expect(try parts(post).content == "half")
        let trailers = try #require(post.trailers)
        #expect(trailers.first(name: "Lambda-Runtime-Function-Error-Type") == "Function.DiskFull")
        let body = try #require(trailers.first(name: "Lambda-Runtime-Function-Error-Body"))
        let error = try #require(Data(base64Encoded: body))
        #expect(String(decoding: error, as: UTF8.self).contains("\"errorType\":\"Function.DiskFull\""))
    }

    @Test func `a stream that is too slow is ended before the platform ends it`() async throws {
        let program = FunctionProgram.requests { _, _ in
            .stream { writer in
                try await writer.write("slow")
                try await Task.sleep(for: .seconds(60))
            }
        }
        let post = try await post(program, headers: [deadline(in: .milliseconds(400))])
        #expect(try parts(post).content == "slow")
        #expect(post.trailers?.first(name: "Lambda-Runtime-Function-Error-Type") == "Function.Timeout")
    }
}
