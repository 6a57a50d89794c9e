internal import Vernal

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The least that a function does: from `exec` to the first row of the database that the environment names.
///
/// It writes a byte when it has the row, makes as many more warm queries as its argument says, writes another byte, and ends when its
/// input ends.
///
/// It runs on one thread. An asynchronous `main` would end the first one, which in a static executable sorts all of its unwind tables first,
/// and start four.
@main
enum FirstRow {
    static func main() {
        // As C reads its arguments: a list of strings would be a twentieth of all that is measured here.
        let calls = CommandLine.argc > 1 ? unsafe CommandLine.unsafeArgv[1].map { unsafe atoi($0) } ?? 0 : 0
        Engine.runMain { try await run(calls) }
    }

    private static func run(_ calls: Int32) async throws {
        try await ask(0)
        put("1")
        // As most programs ask: on the threads that all tasks share, which are not started for nothing.
        if calls > 0 { try await Task.detached { for number in 0..<calls { try await ask(number) } }.value }
        put(".")
        // What was asked for is done; whoever measures looks at the idle process meanwhile.
        while getchar() != EOF { continue }
    }

    private static func ask(_ number: Int32) async throws {
        let answer = try await getEngine().query("SELECT \(number)::int4").value(as: Int32.self)
        precondition(answer == number, "the engine got a wrong answer")
    }

    private static func put(_ character: Character) {
        guard let byte = character.asciiValue else { return }
        unsafe withUnsafeBytes(of: byte) { _ = unsafe write(STDOUT_FILENO, $0.baseAddress, 1) }
    }
}
