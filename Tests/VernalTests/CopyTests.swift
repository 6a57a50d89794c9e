import CHeapUse
import Foundation
import LibpqIO
import Testing
import Vernal
import VernalTestKit

private struct Ended: Error {}

/// An engine whose session has a temporary table.
private func withTable(_ columns: String, _ body: (Engine) async throws -> Void) async throws {
    try await withEngine {
        $0.resetPolicy = .rollbackOnly  // The table is to outlive the lease.
    } _: { engine in
        try await engine.execute("CREATE TEMPORARY TABLE given (\(unsafeRaw: columns))")
        try await body(engine)
        #expect(engine.isAtRest)
        #expect(engine.statistics.connects == 1)
    }
}

extension `On a real server` {
    @Suite struct `A copy into a table` {
        @Test func `takes rows of any type that can be bound`() async throws {
            let columns = """
                i int4, l int8, t text, b bool, d float8, n numeric, u uuid, w timestamptz, y bytea, j jsonb, e text
                """
            try await withTable(columns) { engine in
                let id = UUID()
                let moment = Date(timeIntervalSince1970: 1_700_000_000.123456)
                let number = try #require(Decimal(string: "-12345.678900"))
                let count = try await engine.copyRows(into: "given") { rows in
                    try await rows.write(
                        7,
                        Int.min,
                        "tab\tline\nreturn\rback\\slash \\N \\. ünïcödé",
                        true,
                        Double.infinity,
                        number,
                        id,
                        moment,
                        [0, 92, 255] as [UInt8],
                        PostgresJSON(["a\\n": [1, 2]]),
                        String?.none
                    )
                    try await rows.write(
                        Int?.none,
                        Int?.none,
                        "",
                        Bool?.none,
                        Double.nan,
                        Decimal?.none,
                        UUID?.none,
                        Date?.none,
                        [UInt8]?.none,
                        PostgresJSON<[Int]>?.none,
                        "\\N"
                    )
                }
                #expect(count == 2)
                let rows = try await engine.query("SELECT * FROM given ORDER BY i")
                #expect(try rows[0]["i"] == 7)
                #expect(try rows[0]["l"] == Int.min)
                #expect(try rows[0]["t"] == "tab\tline\nreturn\rback\\slash \\N \\. ünïcödé")
                #expect(try rows[0]["b"] == true)
                #expect(try rows[0]["d"] == Double.infinity)
                #expect(try rows[0]["n"] == number)
                #expect(try rows[0]["u"] == id)
                #expect(abs(try rows[0]["w", as: Date.self].timeIntervalSince(moment)) < 0.000_001)
                #expect(try rows[0]["y"] == [0, 92, 255] as [UInt8])
                #expect(try rows[0]["j", as: PostgresJSON<[String: [Int]]>.self].value == ["a\\n": [1, 2]])
                #expect(try rows[0].isNull("e"))
                #expect(try rows[1].isNull("i"))
                #expect(try rows[1]["t"] == "")
                #expect(try rows[1]["d", as: Double.self].isNaN)
                #expect(try rows[1]["e"] == "\\N")
            }
        }

        @Test func `brings back any text as it was`() async throws {
            var random = SeededGenerator(seed: 4711)
            let alphabet = Array("\\\\\\N.\t\n\r\u{8}\u{B}\u{C}\u{7F}'\"ab ,;$€😀".unicodeScalars)
            let texts = (0..<2000).map { _ -> String? in
                guard Int.random(in: 0..<10, using: &random) > 0 else { return nil }
                var text = ""
                for _ in 0..<Int.random(in: 0...12, using: &random) {
                    text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
                }
                return text
            }
            try await withTable("n int, a text, b text") { engine in
                let count = try await engine.copyRows(into: "given", ["a", "n", "b"]) { rows in
                    for (index, text) in texts.enumerated() {
                        if index.isMultiple(of: 2) {
                            try await rows.write(text, index, text)
                        } else {
                            try await rows.write(texts: [text, "\(index)", text])
                        }
                    }
                }
                #expect(count == texts.count)
                let back = try await engine.query("SELECT a, b FROM given ORDER BY n").decode((String?, String?).self)
                #expect(back.map(\.0) == texts)
                #expect(back.map(\.1) == texts)
            }
        }

        @Test func `refuses a row that does not fit, and goes on`() async throws {
            try await withTable("n int, t text") { engine in
                let count = try await engine.copyRows(into: "given") { rows in
                    try await rows.write(1, "one")
                    for row in 0..<4 {
                        do {
                            switch row {
                            case 0: try await rows.write(2)
                            case 1: try await rows.write(2, "with a NUL \0 in it")
                            case 2: try await rows.write(texts: ["2", "with a NUL \0 in it"])
                            default: try await rows.write(2, [1, 2])
                            }
                            Issue.record("it was taken")
                        } catch let error as VernalError {
                            #expect(error.code == .invalidParameter)
                            #expect(!error.message.contains("NUL \0"))
                        }
                    }
                    try await rows.write(3, "three")
                }
                #expect(count == 2)
                #expect(try await engine.query("SELECT n FROM given ORDER BY n").decode(Int.self) == [1, 3])
            }
        }

        @Test func `takes data in the format that the statement names`() async throws {
            try await withTable("n int, t text") { engine in
                let count = try await engine.copyIn("COPY given (t, n) FROM STDIN (FORMAT csv, HEADER)") { data in
                    try await data.write("t,n\n\"with, comma\",1\n")
                    try await data.write(Array("\"with \"\"quotes\"\"\",2".utf8))
                    try await data.write("\n")
                }
                #expect(count == 2)
                let texts = try await engine.query("SELECT t FROM given ORDER BY n").decode(String.self)
                #expect(texts == ["with, comma", "with \"quotes\""])
            }
        }

        @Test func `whose closure throws leaves nothing, and its error comes out as it is`() async throws {
            try await withTable("n int") { engine in
                await #expect(throws: Ended.self) {
                    try await engine.copyRows(into: "given") { rows in
                        for number in 0..<100_000 { try await rows.write(number) }
                        throw Ended()
                    }
                }
                let rows = try await engine.query("SELECT count(*) FROM given").value(as: Int.self)
                #expect(rows == 0)
            }
        }

        @Test func `that the server refuses says so early, even to a closure that does not listen`() async throws {
            try await withTable("n int CHECK (n <> 5)") { engine in
                var written = 0
                let error = await #expect(throws: VernalError.self) {
                    try await engine.copyRows(into: "given") { rows in
                        for number in 0..<50_000_000 {
                            try await rows.write(number)
                            written = number
                        }
                    }
                }
                #expect(error?.code == .server)
                #expect(error?.sqlState == .checkViolation)
                #expect(written < 10_000_000)
                let swallowed = await #expect(throws: VernalError.self) {
                    try await engine.copyRows(into: "given") { rows in
                        for number in 0..<300_000 { try? await rows.write(number) }
                    }
                }
                #expect(swallowed?.sqlState == .checkViolation)
                let rows = try await engine.query("SELECT count(*) FROM given").value(as: Int.self)
                #expect(rows == 0)
            }
        }

        @Test func `ends at its deadline and with its task, though nothing has to be waited for`() async throws {
            try await withTable("n int") { engine in
                let late = await #expect(throws: VernalError.self) {
                    try await engine.copyRows(into: "given", timeout: .milliseconds(100)) { rows in
                        while true { try await rows.write(1) }
                    }
                }
                #expect(late?.code == .timedOut)
                #expect(late?.wait == .statement)
                let hasBegun = Gate()
                let task = Task {
                    try await engine.copyRows(into: "given") { rows in
                        while true {
                            try await rows.write(1)
                            hasBegun.open()
                        }
                    }
                }
                await hasBegun.pass()
                task.cancel()
                let cancelled = await #expect(throws: VernalError.self) { try await task.value }
                #expect(cancelled?.code == .cancelled)
                let rows = try await engine.query("SELECT count(*) FROM given").value(as: Int.self)
                #expect(rows == 0)
            }
        }

        @Test func `in a transaction that fails is undone with it`() async throws {
            try await withTable("n int") { engine in
                await #expect(throws: Ended.self) {
                    try await engine.withTransaction { connection in
                        try await connection.copyRows(into: "given") { rows in try await rows.write(1) }
                        throw Ended()
                    }
                }
                try await engine.withTransaction { connection in
                    try await connection.copyRows(into: "given") { rows in try await rows.write(2) }
                    do {
                        try await connection.withTransaction { connection in
                            try await connection.copyRows(into: "given") { rows in
                                try await rows.write(3)
                                throw Ended()
                            }
                        }
                    } catch is Ended {}
                }
                #expect(try await engine.query("SELECT n FROM given").decode(Int.self) == [2])
            }
        }

        @Test func `takes no parameter, and no other statement`() async throws {
            try await withTable("n int") { engine in
                let parameter = await #expect(throws: VernalError.self) {
                    try await engine.copyOut("COPY (SELECT \(1)) TO STDOUT") { _ in Issue.record("it ran") }
                }
                #expect(parameter?.code == .invalidParameter)
                for statement: SQLQuery in ["SELECT 1", "COPY given TO STDOUT"] {
                    let error = await #expect(throws: VernalError.self) {
                        try await engine.copyIn(statement) { _ in Issue.record("it ran") }
                    }
                    #expect(error?.code == .misuse)
                }
                let missing = await #expect(throws: VernalError.self) {
                    try await engine.copyRows(into: "nothing_of_this_name") { _ in Issue.record("it ran") }
                }
                #expect(missing?.sqlState == .undefinedTable)
            }
        }

        // In a process of its own, where nothing else allocates.
        @Test(.enabled(if: heap_in_use() > 0, "the allocator does not tell, as under a sanitizer"))
        func `of a million rows, and back, takes no more memory than one of a thousand`() async {
            let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                let engine = try testEngine { $0.resetPolicy = .rollbackOnly }
                try await engine.execute("CREATE TEMPORARY TABLE given (n int, t text)")
                let text = String(repeating: "x", count: 100)
                func copy(_ count: Int) async throws -> Int {
                    var peak = 0
                    try await engine.copyRows(into: "given") { rows in
                        for number in 0..<count {
                            try await rows.write(number, text)
                            if number % 1000 == 999 { peak = max(peak, Int(heap_in_use())) }
                        }
                    }
                    let bytes = try await engine.copyOut("COPY given TO STDOUT") { data in
                        var bytes = 0
                        while let chunk = try await data.next() {
                            bytes += chunk.count
                            peak = max(peak, Int(heap_in_use()))
                        }
                        try #require(data.rowCount ?? 0 >= count)
                        return bytes
                    }
                    try #require(bytes > count * 102)
                    return peak
                }
                let small = try await copy(1000)
                let large = try await copy(1_000_000)
                print("heap of a copy: at most \(small) bytes for 1000 rows, \(large) for a million")
                try #require(small > 0)
                try #require(large - small < 300 * 1024)
            }
            print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
        }
    }

    @Suite struct `A copy out of the database` {
        @Test func `lends the data as it arrives`() async throws {
            try await withEngine { engine in
                let text = try await engine.copyOut("COPY (SELECT generate_series(1, 50000)) TO STDOUT (FORMAT csv)") {
                    data in
                    #expect(!data.isBinary && data.columnCount == 1)
                    var text = ""
                    while let chunk = try await data.next() {
                        #expect(chunk.last == UInt8(ascii: "\n"))
                        #expect(chunk.count < 70_000)
                        text += String(decoding: chunk, as: UTF8.self)
                    }
                    #expect(data.rowCount == 50_000)
                    return text
                }
                #expect(text == (1...50_000).map { "\($0)\n" }.joined())
                #expect(engine.isAtRest && engine.statistics.connects == 1)
            }
        }

        @Test(arguments: [20, 1_000_000_000])
        func `that its closure leaves early is ended, and the connection used on`(rows: Int) async throws {
            try await withEngine { engine in
                let backend = try await engine.backend()
                let statement = SQLQuery(unsafeRaw: "COPY (SELECT generate_series(1, \(rows))) TO STDOUT")
                let took = try await time {
                    let first = try await engine.copyOut(statement) { data in try await data.next() }
                    #expect(first?.starts(with: Array("1\n2\n".utf8)) == true)
                    await #expect(throws: Ended.self) { try await engine.copyOut(statement) { _ in throw Ended() } }
                }
                #expect(took < .seconds(2))
                #expect(try await engine.backend() == backend)
                #expect(engine.isAtRest)
            }
        }

        @Test func `ends at its deadline and with its task`() async throws {
            try await withEngine { engine in
                let backend = try await engine.backend()
                let endless: SQLQuery = "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT"
                let late = await #expect(throws: VernalError.self) {
                    try await engine.copyOut(endless, timeout: .milliseconds(100)) { data in
                        while try await data.next() != nil {}
                    }
                }
                #expect(late?.code == .timedOut)
                let hasBegun = Gate()
                let task = Task {
                    try await engine.copyOut(endless) { data in
                        while try await data.next() != nil { hasBegun.open() }
                    }
                }
                await hasBegun.pass()
                task.cancel()
                let cancelled = await #expect(throws: VernalError.self) { try await task.value }
                #expect(cancelled?.code == .cancelled)
                #expect(try await engine.backend() == backend)
            }
        }
    }
}
