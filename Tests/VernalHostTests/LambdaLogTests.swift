import Foundation
import Logging
import Testing
import VernalHost

@Suite struct LambdaLogTests {
    @Test(arguments: [
        ([:], LogSettings.Format.text, Logger.Level.info),
        (["AWS_LAMBDA_LOG_FORMAT": "JSON"], .json(.lambda), .info),
        (["AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "WARN"], .json(.lambda), .warning),
        (["AWS_LAMBDA_LOG_FORMAT": "Text", "AWS_LAMBDA_LOG_LEVEL": "FATAL"], .text, .critical),
        (["K_SERVICE": "s", "LOG_LEVEL": "Debug"], .json(.googleCloud), .debug), (["K_SERVICE": ""], .text, .info),
        (["LOG_LEVEL": "error", "VERNAL_LOG_LEVEL": "trace"], .text, .trace),
        (["LOG_LEVEL": "error", "VERNAL_LOG_LEVEL": "loud"], .text, .error),
        (["LOG_LEVEL": "NOTICE", "AWS_LAMBDA_LOG_LEVEL": "ERROR"], .text, .notice),
    ])
    func `the environment says how to log`(
        environment: [String: String],
        format: LogSettings.Format,
        level: Logger.Level
    ) {
        let settings = LogSettings(environment: environment)
        #expect(settings.format == format)
        #expect(settings.level == level)
    }

    private let date = Date(timeIntervalSince1970: 1_700_000_000.125)
    private let metadata: Logger.Metadata = [
        "request-id": "id-1", "b": "1", "a": .array(["x", .dictionary(["k": "v"])]), "n": .stringConvertible(7),
    ]

    @Test func `a line for Lambda has its names`() {
        let line = JSONLogDialect.lambda.line(.warning, "say \"hi\"\n", metadata, label: "l", date: date)
        #expect(
            line == #"{"timestamp":"2023-11-14T22:13:20.125Z","level":"WARN","requestId":"id-1","#
                + #""message":"say \"hi\"\u000a","logger":"l","#
                + #""metadata":{"a":["x",{"k":"v"}],"b":"1","n":"7"}}"# + "\n"
        )
    }

    @Test func `a line for Google Cloud has its names`() {
        let line = JSONLogDialect.googleCloud.line(.critical, "m", [:], label: "l", date: date)
        #expect(
            line == #"{"time":"2023-11-14T22:13:20.125Z","severity":"CRITICAL","message":"m","logger":"l"}"# + "\n"
        )
    }

    @Test(arguments: Logger.Level.allCases, [JSONLogDialect.lambda, .googleCloud])
    func `every line is one line of valid JSON`(level: Logger.Level, dialect: JSONLogDialect) throws {
        let nasty = (0..<0x80).compactMap(UnicodeScalar.init).map(String.init).joined() + "\u{2028}é🐘\u{7f}\"\\"
        let line = dialect.line(level, nasty, [nasty: .string(nasty)], label: nasty, date: date)
        #expect(line.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["message"] as? String == nasty)
        #expect((object["metadata"] as? [String: String])?[nasty] == nasty)
    }
}
