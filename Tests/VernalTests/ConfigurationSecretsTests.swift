import LibpqIO
import Testing
import Vernal
import VernalTestKit

/// A password in which no part is a word that an error message could have by chance.
private let secret = "Zq7Xw9Kv3Jh5Yt"

/// Whether a text has five characters of the secret in a row.
private func gives(_ text: String) -> Bool {
    let characters = Array(secret)
    return (0...characters.count - 5).contains { text.contains(String(characters[$0..<$0 + 5])) }
}

@Suite struct `A password` {
    private static let urls = [
        "postgres://user:\(secret)@localhost:5432/db?sslmode=disable&pool_size=3",
        "postgresql://user:\(secret)@[::1]:5432/db?application_name=x",
        "postgres://user@localhost/db?password=\(secret)&pool_timeout=5s",
        "host=localhost port=5432 dbname=db user=user password=\(secret) application_name=x",
        "host=localhost user=user password='\(secret)' dbname='d b'",
        "postgres://user:\(secret)@a:1,b:2/db?target_session_attrs=any",
    ]

    /// What people get wrong: a character too many, too few, another one, twice, or a reserved one inside.
    private func mutated(_ url: String, _ random: inout SeededGenerator) -> String {
        var characters = Array(url)
        let reserved: [Character] = [
            "@", ":", "/", "?", "#", "[", "]", "%", "&", "=", "+", " ", "'", "\"", "\\", ",", ";", "\n", "é", "\u{0}",
            "%", "\"", "\u{301}",
        ]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            guard !characters.isEmpty else { break }
            let index = Int.random(in: 0..<characters.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: characters.remove(at: index)
            case 1: characters[index] = reserved.randomElement(using: &random) ?? "@"
            case 2: characters.insert(reserved.randomElement(using: &random) ?? "@", at: index)
            case 3: characters.insert(characters[index], at: index)
            default: characters = Array(characters.prefix(max(1, index)))
            }
        }
        return String(characters)
    }

    @Test func `is in no error and no description, however the connection string is mistyped`() throws {
        var random = SeededGenerator(seed: 4711)
        var refused = 0
        var leaks: [String] = []
        for round in 0..<6000 {
            let url = mutated(Self.urls[round % Self.urls.count], &random)
            var texts: [String] = []
            do {
                let configuration = try EngineConfiguration(environmentFor: nil, environment: ["DATABASE_URL": url])
                // Without the character before it, a password is a part of the user's name, which is shown.
                if gives(configuration[connectionParameter: "password"] ?? "") {
                    texts += [String(describing: configuration), String(reflecting: configuration)]
                    var dumped = ""
                    dump(configuration, to: &dumped)
                    texts.append(dumped)
                }
                do throws(VernalError) {
                    try configuration.validate()
                } catch {
                    texts += everything(of: error)
                }
                // What is refused when the connect begins, before anything is sent. Some of the mistyped names would have
                // to be looked up, so it goes no further than that.
                do throws(LibpqError) {
                    _ = try ConnectAttempt(configuration.settings, timeout: .seconds(1))
                } catch {
                    texts += [error.message, String(reflecting: error)]
                }
            } catch {
                refused += 1
                texts += everything(of: error)
            }
            // "user:pass@word", the rest cut off: there is nothing by which to tell that "word" is no host.
            let isCutOff = url.count(where: { $0 == "@" }) == 1 && gives(String(url.drop { $0 != "@" }))
            if !isCutOff, texts.contains(where: gives) {
                leaks.append("\(url.debugDescription) → \(texts.first(where: gives) ?? "")")
            }
        }
        #expect(leaks.isEmpty, "\(leaks.count) leaks: \(leaks.prefix(12).joined(separator: "\n"))")
        #expect(refused > 1000)
    }

    private func everything(of error: VernalError) -> [String] {
        var dumped = ""
        dump(error, to: &dumped)
        return [error.description, error.debugDescription, error.message, String(reflecting: error), dumped]
    }

    @Test func `is in no error of a connect`() async throws {
        let port = try await DeadEnds.closedPort()
        let url = try EngineConfiguration(url: TestDatabase.url)
        let place = "\(url[connectionParameter: "host"] ?? ""):\(url[connectionParameter: "port"] ?? "")"
        for target in [
            "postgres://vernal:\(secret)@\(place)/vernal", "postgres://\(secret)x:\(secret)@127.0.0.1:\(port)/vernal",
            "postgres://vernal:\(secret)@no-such-host.invalid/d",
            "postgres://vernal:\(secret)@\(place)/d?sslmode=require",
            "postgres://vernal:\(secret)@\(place)/d?sslmode=never",
            "postgres://vernal:\(secret)@\(place)/d?service=none",
            "postgres://vernal:\(secret)@\(place)/d?sslcert=/none", "postgres://vernal@\(place)/d?passfile=/none",
        ] {
            var configuration = try EngineConfiguration(url: target)
            configuration.acquireTimeout = .seconds(2)
            let engine = Engine(configuration: configuration)
            let error = try await #require(throws: VernalError.self) { try await engine.query("SELECT 1") }
            #expect(!everything(of: error).contains(where: gives), "\(error)")
            #expect(!gives("\(engine)"))
            await engine.dispose()
        }
    }
}
