import ArgumentParser
import Foundation
import LocalFunctions
import NIOHTTP1

/// Where a running emulator is.
struct EmulatorAddress: ParsableArguments {
    @Option(help: .init("Where 'vernal run' listens.", valueName: "url"))
    var url = "http://127.0.0.1:9000"

    func validate() throws {
        guard let parts = URL(string: url), parts.scheme == "http", parts.host() != nil else {
            throw ValidationError("--url has to be like http://127.0.0.1:9000, not '\(url)'.")
        }
    }

    /// For the help of all who talk to it.
    static let exitStatuses = """
        The exit status is 0 when it was done, 1 when the emulator refused it, 64 for wrong usage, and 69 when no emulator \
        answers.
        """

    var host: String {
        let host = URL(string: url)?.host() ?? "127.0.0.1"
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    var port: Int { URL(string: url)?.port ?? 80 }

    /// Asks the control API for something.
    ///
    /// - Throws: an explained exit when nobody answers, or the answer is a refusal.
    func control(_ method: HTTPMethod, _ path: String) async throws -> HTTPAnswer {
        let answer = try await HTTPRequester.connect(host: host, port: port) { requester in
            try await requester.answer(method, "/_vernal/\(path)", headers: ["X-Vernal": "1"])
        }
        guard answer.status < 300 else {
            struct Refusal: Decodable { let message: String }
            let message = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body)).message
            standardError("vernal: \(message ?? "no emulator answers at \(url)")")
            throw ExitCode.failure
        }
        return answer
    }
}
