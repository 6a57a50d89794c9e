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

    /// What the control API says of an order, done or refused.
    struct Message: Decodable {
        let message: String
    }

    /// Asks the control API for something.
    ///
    /// - Returns: the answer, and its JSON as it came.
    /// - Throws: an explained exit when nobody answers, or somebody else, or the answer is a refusal.
    func control<Content: Decodable>(
        _ method: HTTPMethod,
        _ path: String,
        as type: Content.Type
    ) async throws -> (content: Content, json: String) {
        let answer: HTTPAnswer
        do {
            answer = try await HTTPRequester.connect(host: host, port: port) { requester in
                try await requester.answer(method, "/_vernal/\(path)", headers: ["X-Vernal": "1"])
            }
        } catch let error as LocalFunctionsError {
            throw error
        } catch {
            throw noEmulator()
        }
        let body = Data(answer.body)
        if answer.status < 300 {
            guard let content = try? JSONDecoder().decode(type, from: body) else { throw noEmulator() }
            return (content, answer.text)
        }
        guard let refusal = try? JSONDecoder().decode(Message.self, from: body) else { throw noEmulator() }
        standardError("vernal: \(refusal.message)")
        throw ExitCode.failure
    }

    /// Says that whoever answers is no emulator.
    private func noEmulator() -> ExitCode {
        standardError("vernal: no emulator answers at \(url); start 'vernal run' first, or say where it is with --url")
        return ExitCode(69)
    }
}
