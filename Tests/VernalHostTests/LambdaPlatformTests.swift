import Testing
import VernalHost

/// What the platform is in an environment.
struct DetectionCase: Sendable, CustomTestStringConvertible {
    let environment: [String: String]
    let platform: Platform

    init(_ environment: [String: String], _ platform: Platform) {
        self.environment = environment
        self.platform = platform
    }

    static func http(
        _ environment: [String: String],
        _ host: String,
        _ port: Int,
        _ flavour: HTTPPlatform.Flavour = .plain
    ) -> Self {
        Self(environment, .http(HTTPPlatform(host: host, port: port, flavour: flavour)))
    }

    static func lambda(
        _ environment: [String: String],
        _ endpoint: String,
        concurrency: Int? = nil
    ) throws -> Self {
        let endpoint = try #require(RuntimeEndpoint(endpoint))
        let platform = LambdaPlatform(
            endpoint: endpoint,
            concurrency: concurrency ?? 1,
            isManaged: concurrency != nil
        )
        return Self(environment, .lambda(platform))
    }

    var testDescription: String { "\(environment)" }
}

@Suite struct PlatformTests {
    private static let api = "AWS_LAMBDA_RUNTIME_API"

    private static func cases() throws -> [DetectionCase] {
        [
            .http([:], "127.0.0.1", 8080), .http(["PORT": ""], "127.0.0.1", 8080),
            .http(["PORT": "65535"], "0.0.0.0", 65535), .http(["K_SERVICE": "s"], "0.0.0.0", 8080, .cloudRun),
            .http(["K_SERVICE": "s", "PORT": "9"], "0.0.0.0", 9, .cloudRun),
            .http(["FUNCTION_TARGET": "f"], "0.0.0.0", 8080, .functionsFramework),
            .http(["FUNCTION_TARGET": "f", "K_SERVICE": "s", "PORT": "9"], "0.0.0.0", 9, .functionsFramework),
            .http(["FUNCTIONS_CUSTOMHANDLER_PORT": "7", "PORT": "9"], "127.0.0.1", 7, .azureCustomHandler),
            .http(["AWS_LAMBDA_HTTP_ENDPOINT": "0.0.0.0:5", "PORT": "9"], "0.0.0.0", 5, .lambdaWebFunction),
            .http(["AWS_LAMBDA_HTTP_ENDPOINT": "[::1]:5"], "::1", 5, .lambdaWebFunction),
            try .lambda([api: "127.0.0.1:9001"], "127.0.0.1:9001"),
            try .lambda([api: "[::1]:9001", "PORT": "8080"], "[::1]:9001"),
            try .lambda([api: "http://h:9000/.rt/f"], "http://h:9000/.rt/f"),
            try .lambda([api: "h:1", "AWS_LAMBDA_HTTP_ENDPOINT": "h:2"], "h:1"),
            try .lambda([api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": ""], "h:1"),
            try .lambda([api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": "1"], "h:1", concurrency: 1),
            try .lambda([api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": "64"], "h:1", concurrency: 64),
            .http([api: "h:1", "AWS_LWA_INVOKE_MODE": "buffered"], "0.0.0.0", 8080, .lambdaWebAdapter),
            .http([api: "h:1", "AWS_LWA_PORT": "3", "PORT": "4"], "0.0.0.0", 3, .lambdaWebAdapter),
            .http([api: "h:1", "AWS_LWA_ASYNC_INIT": "true", "PORT": "4"], "0.0.0.0", 4, .lambdaWebAdapter),
            try .lambda([api: "h:1", "AWS_LWA_PORT": ""], "h:1"),
            .http([api: "h:1", "VERNAL_PLATFORM": "http"], "127.0.0.1", 8080),
            .http([api: "junk:junk", "VERNAL_PLATFORM": "http", "PORT": "4"], "0.0.0.0", 4),
            try .lambda([api: "h:1", "AWS_LWA_PORT": "3", "VERNAL_PLATFORM": "lambda"], "h:1"),
        ]
    }

    @Test(arguments: try cases())
    func `the environment says where the function runs`(_ detection: DetectionCase) throws {
        #expect(try Platform.detect(environment: detection.environment) == detection.platform)
    }

    @Test(arguments: [
        ["VERNAL_PLATFORM": "cloud"], ["VERNAL_PLATFORM": "lambda"], [api: "h:1:2"], [api: "https://h"],
        [api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": "0"], [api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": "-1"],
        [api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": "many"], [api: "h:1", "AWS_LAMBDA_MAX_CONCURRENCY": "10001"],
        ["AWS_LAMBDA_HTTP_ENDPOINT": "h:1/path"], ["AWS_LAMBDA_HTTP_ENDPOINT": ":1"],
    ])
    func `a malformed environment is an error that names the variable`(environment: [String: String]) throws {
        let error = try #require(throws: HostError.self) { try Platform.detect(environment: environment) }
        #expect(error.code == .invalidEnvironment)
        #expect(environment.keys.contains { error.description.contains($0) })
    }

    @Test(
        arguments: ["0", "65536", "-1", "+80", "80a", " 80", "8 0", "99999999999999999999", "tcp://x"],
        ["PORT", "FUNCTIONS_CUSTOMHANDLER_PORT", "AWS_LWA_PORT"]
    )
    func `a malformed port is an error that names it`(port: String, variable: String) throws {
        let error = try #require(throws: HostError.self) { try Platform.detect(environment: [variable: port]) }
        #expect(error.code == .invalidPort)
        #expect(error.description.contains("\(variable) has") && error.description.contains("\"\(port)\""))
    }

    @Test func `what ends quickly has less time for what is in flight`() {
        func grace(_ flavour: HTTPPlatform.Flavour) -> Duration? {
            HTTPPlatform(host: "h", port: 1, flavour: flavour).longestGracePeriod
        }
        #expect(grace(.lambdaWebFunction) == .milliseconds(800) && grace(.lambdaWebAdapter) == .milliseconds(200))
        #expect(grace(.plain) == nil && grace(.cloudRun) == nil)
    }

    @Test func `a long PORT with control characters stays a short line`() throws {
        let error = try #require(throws: HostError.self) {
            try Platform.detect(environment: ["PORT": "1\n" + String(repeating: "x", count: 500)])
        }
        #expect(!error.description.contains("\n"))
        #expect(error.description.utf8.count < 150)
    }

    @Test func `options go before the environment, but do not choose the platform`() throws {
        let environment = ["PORT": "9000"]
        func decide(_ host: String?, _ port: Int?, _ environment: [String: String]) throws -> Platform {
            try Platform.decide(host: host, port: port, environment: environment)
        }
        func http(_ host: String, _ port: Int) -> Platform { .http(HTTPPlatform(host: host, port: port)) }
        #expect(try decide(nil, nil, environment) == http("0.0.0.0", 9000))
        #expect(try decide("::1", nil, environment) == http("::1", 9000))
        #expect(try decide(nil, 1, environment) == http("0.0.0.0", 1))
        #expect(try decide(nil, 1, [:]) == http("127.0.0.1", 1))
        #expect(try decide("h", 0, ["PORT": "junk"]) == http("h", 0))
        #expect(throws: HostError.self) { try decide(nil, 70000, [:]) }
        let lambda = try Platform.detect(environment: [Self.api: "h:1"])
        #expect(try decide("h", 1, [Self.api: "h:1"]) == lambda)
    }
}
