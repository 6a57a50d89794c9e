import ArgumentParser
import Foundation
import LocalFunctions
import NIOHTTP1

/// `vernal invoke`: calls the function of a running emulator.
struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Invoke the function of a running emulator.",
        discussion: """
            Prints what the function returned. The exit status is 0, 1 when that was an error, 64 for wrong usage, and 69 when \
            no emulator answers.

            Examples:
              vernal invoke --data '{"name": "Ada"}'
              vernal invoke --event apigw-v2 --path /users
              vernal invoke --event apigw-v2 --method POST --path /users --data '{"name": "Ada"}'
              vernal invoke --event sqs --tail
              vernal invoke -n 10000 -c 4 --event apigw-v2 --path /users   # how fast is it?

            Without --event the function gets --data as it is: a function of requests then answers that this is no HTTP request.
            """
    )

    @OptionGroup var address: EmulatorAddress

    @Argument(help: .init("The function's name; every name is the same function.", valueName: "name"))
    var name = "function"

    @Option(help: .init("The event, or with --event the body in it.", valueName: "json"))
    var data: String?

    @Option(help: .init("A file with the same.", valueName: "file"))
    var file: String?

    @Option(help: .init("An event as a service sends it.", valueName: "kind"))
    var event: SampleEvent?

    @Option(help: .init("With --event of an HTTP service: the method. (default: GET)", valueName: "method"))
    var method: String?

    @Option(help: .init("With --event of an HTTP service: path and query. (default: /)", valueName: "path"))
    var path: String?

    @Option(name: [.customShort("n"), .customLong("count")], help: .init("How many invocations.", valueName: "n"))
    var count = 1

    @Option(name: [.customShort("c"), .customLong("clients")], help: .init("How many at a time.", valueName: "n"))
    var clients = 1

    @Flag(help: "Show the end of what the function wrote, on standard error.")
    var tail = false

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if data != nil, file != nil { throw ValidationError("Write --data or --file, not both.") }
        guard count >= 1, clients >= 1 else { throw ValidationError("-n and -c have to be 1 or more.") }
        guard path?.hasPrefix("/") ?? true else { throw ValidationError("--path has to begin with '/'.") }
        if event == nil, method != nil || path != nil {
            throw ValidationError("--method and --path belong to an event: write --event apigw-v2, too.")
        }
    }

    func run() async throws {
        var payload = data
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw ValidationError("--file \(file) cannot be read.")
            }
            payload = text
        }
        let body =
            event?.json(method: method ?? "GET", target: path ?? "/", body: payload) ?? Array((payload ?? "{}").utf8)
        let escaped =
            name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-_"))) ?? name
        let request = LoadRun.Request(
            method: .POST,
            target: "/2015-03-31/functions/\(escaped)/invocations",
            headers: tail ? ["X-Amz-Log-Type": "Tail"] : [:],
            body: body
        )
        try await Failures.explained {
            let began = ContinuousClock.now
            let outcomes = try await LoadRun.run(
                request,
                host: address.host,
                port: address.port,
                count: count,
                clients: clients
            )
            if count == 1 {
                try show(outcomes[0])
            } else {
                try summarise(outcomes, in: ContinuousClock.now - began)
            }
        }
    }

    private func show(_ outcome: LoadRun.Outcome) throws {
        guard let answer = outcome.answer else {
            standardError("vernal: the connection was closed before there was an answer")
            throw ExitCode.failure
        }
        let error = answer.headers.first(name: "X-Amz-Function-Error")
        let log = answer.headers.first(name: "X-Amz-Log-Result").flatMap(Base64.decode).map {
            String(decoding: $0, as: UTF8.self)
        }
        if json {
            let result = InvokeResult(
                status: answer.status,
                functionError: error,
                executedVersion: answer.headers.first(name: "X-Amz-Executed-Version"),
                requestId: answer.headers.first(name: "x-amzn-RequestId"),
                ms: Percentiles.ms(outcome.duration),
                body: answer.text,
                log: log
            )
            standardOutput(try JSONOutput.text(result))
        } else {
            if let log { standardError(log) }
            standardOutput(answer.text)
        }
        if error != nil || answer.status >= 300 { throw ExitCode.failure }
    }

    private func summarise(_ outcomes: [LoadRun.Outcome], in time: Duration) throws {
        let failed = outcomes.count { !$0.isSuccess }
        let times = Percentiles(outcomes.map(\.duration))
        let overhead = Percentiles(
            outcomes.compactMap { outcome in outcome.functionDuration.map { outcome.duration - $0 } }
        )
        let rate = Double(outcomes.count) / (time / .seconds(1))
        if json {
            let result = InvokeSummary(
                invocations: outcomes.count,
                failed: failed,
                perSecond: (rate * 10).rounded() / 10,
                ms: Self.points(times),
                overheadMs: Self.points(overhead)
            )
            standardOutput(try JSONOutput.text(result))
        } else {
            standardOutput("\(outcomes.count) invocations, \(failed) failed, \(Int(rate)) per second")
            for (name, times) in [("ms", times), ("of these the platform's", overhead)] {
                standardOutput(
                    "\(name): p50 \(times[ms: 50])  p90 \(times[ms: 90])  p99 \(times[ms: 99])  max \(times[ms: 100])"
                )
            }
            for outcome in outcomes.filter({ !$0.isSuccess }).prefix(3) {
                standardOutput("\(outcome.status): \(outcome.answer?.text.prefix(300) ?? "no answer")")
            }
        }
        if failed > 0 { throw ExitCode.failure }
    }

    private static func points(_ times: Percentiles) -> [String: Double] {
        ["p50": times[ms: 50], "p90": times[ms: 90], "p99": times[ms: 99], "max": times[ms: 100]]
    }
}

extension SampleEvent: ExpressibleByArgument {}

/// What `vernal invoke --json` prints of one invocation.
private struct InvokeResult: Encodable {
    let status: Int
    let functionError: String?
    let executedVersion: String?
    let requestId: String?
    let ms: Double
    let body: String
    let log: String?
}

/// What `vernal invoke --json` prints of many.
private struct InvokeSummary: Encodable {
    let invocations: Int
    let failed: Int
    let perSecond: Double
    let ms: [String: Double]
    /// What is not the function's of that: the front, the way to the environment and back.
    let overheadMs: [String: Double]
}
