import CHeapUse
import InvocationLifecycle
import LibpqIO
import Moments
import Testing
import Vernal
import VernalTestKit

private struct Ended: Error {}

private struct Person: Decodable, Equatable {
    var id: Int
    var fullName: String?
}

/// More rows than any test can read.
private let endless: SQLQuery = "SELECT generate_series(1, 1000000000), repeat('x', 100)"

extension `On a real server` {
    @Suite struct `A stream of rows` {
        // With libpq 17 the last rows come with the count, or before it.
        @Test(arguments: [1, 100, 256])
        func `lends each row, with its columns known before the first one`(atOnce: Int) async throws {
            try await withEngine { engine in
                let last = 1000
                let names = try await engine.stream(
                    "SELECT n::int8 AS id, 'p' || n AS full_name FROM generate_series(1, \(last)) n",
                    rowsAtOnce: atOnce
                ) { rows in
                    #expect(rows.columns.map(\.name) == ["id", "full_name"])
                    var names: [String] = []
                    while let row = try await rows.next() {
                        let (id, name): (Int, String) = try row.decode()
                        #expect(id == names.count + 1)
                        #expect(try row["full_name"] == name)
                        names.append(name)
                    }
                    #expect(rows.affectedRows == 1000)
                    #expect(try await rows.next() == nil)
                    return names
                }
                #expect(names == (1...1000).map { "p\($0)" })
                #expect(engine.isAtRest && engine.statistics.connects == 1)
            }
        }

        @Test(arguments: [0, -1, Int.max])
        func `takes no nonsense for the number of rows at once`(atOnce: Int) async throws {
            try await withEngine { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.stream("SELECT 1", rowsAtOnce: atOnce) { _ in }
                }
                #expect(error?.code == .invalidParameter)
                #expect(error?.message.contains("rowsAtOnce") == true)
            }
        }

        @Test func `reads values and types with properties, too`() async throws {
            try await withEngine { engine in
                let numbers = try await engine.stream("SELECT generate_series(1, 5)::int8") { rows in
                    var numbers: [Int] = []
                    while let number = try await rows.next(as: Int.self) { numbers.append(number) }
                    return numbers
                }
                #expect(numbers == [1, 2, 3, 4, 5])
                let people = try await engine.stream(
                    "SELECT n::int8 AS id, CASE WHEN n = 1 THEN 'Ada' END AS full_name FROM generate_series(1, 2) n"
                ) { rows in
                    var people: [Person] = []
                    while let person = try await rows.next(as: Person.self) { people.append(person) }
                    return people
                }
                #expect(people == [Person(id: 1, fullName: "Ada"), Person(id: 2, fullName: nil)])
            }
        }

        @Test func `without rows has columns, and one without columns has an end`() async throws {
            try await withEngine { engine in
                try await engine.stream("SELECT 1 AS one WHERE false") { rows in
                    #expect(rows.columns.map(\.name) == ["one"])
                    let row = try await rows.next()
                    #expect(row == nil)
                }
                try await engine.withConnection { connection in
                    try await connection.execute("CREATE TEMPORARY TABLE given (n int)")
                    let count = try await connection.stream("INSERT INTO given VALUES (1), (2)") { rows in
                        let row = try await rows.next()
                        #expect(row == nil)
                        return rows.affectedRows
                    }
                    #expect(count == 2)
                }
            }
        }

        @Test(arguments: [5, 1_000_000_000])
        func `that its closure leaves early is ended, and the connection used on`(rows: Int) async throws {
            try await withEngine { engine in
                let backend = try await engine.backend()
                let took = try await time {
                    let first = try await engine.stream("SELECT generate_series(1, \(rows))::int8") { rows in
                        try await rows.next(as: Int.self)
                    }
                    #expect(first == 1)
                    await #expect(throws: Ended.self) {
                        try await engine.stream("SELECT generate_series(1, \(rows))::int8") { rows in
                            _ = try await rows.next()
                            throw Ended()
                        }
                    }
                }
                #expect(took < .seconds(2))
                #expect(try await engine.backend() == backend)
                #expect(engine.isAtRest)
            }
        }

        @Test func `whose statement is refused never runs its closure`() async throws {
            try await withEngine { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.stream("SELECT * FROM nothing_of_this_name") { _ in
                        Issue.record("it ran")
                    }
                }
                #expect(error?.code == .server)
                #expect(error?.sqlState == .undefinedTable)
                #expect(engine.isAtRest && engine.statistics.connects == 1)
            }
        }

        @Test func `that fails in its midst says so, again and again`() async throws {
            try await withEngine { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.stream("SELECT 1 / (100 - n) FROM generate_series(1, 200) n") { rows in
                        var count = 0
                        do {
                            while try await rows.next() != nil { count += 1 }
                        } catch {
                            #expect(count == 99)
                        }
                        _ = try await rows.next()
                    }
                }
                #expect(error?.sqlState?.rawValue == "22012")
                #expect(engine.isAtRest && engine.statistics.connects == 1)
            }
        }

        @Test func `ends at its own deadline, and at that of the invocation`() async throws {
            // The margin is the time that the server has for giving the statement up.
            try await withEngine({ $0.invocationMargin = .seconds(1) }) { engine in
                let backend = try await engine.backend()
                for isOwn in [true, false] {
                    let took = await time {
                        let error = await #expect(throws: VernalError.self) {
                            try await within(isOwn ? .seconds(30) : .milliseconds(1200)) {
                                try await engine.stream(endless, timeout: isOwn ? .milliseconds(200) : nil) { rows in
                                    while try await rows.next() != nil {}
                                }
                            }
                        }
                        #expect(error?.code == .timedOut)
                        #expect(error?.wait == .statement)
                    }
                    #expect(took < .seconds(1.5))
                    #expect(try await engine.backend() == backend)
                }
            }
        }

        @Test func `of a cancelled task ends, and the connection is used on`() async throws {
            try await withEngine { engine in
                let backend = try await engine.backend()
                let hasBegun = Gate()
                let task = Task {
                    try await engine.stream(endless) { rows in
                        while try await rows.next() != nil { hasBegun.open() }
                    }
                }
                await hasBegun.pass()
                task.cancel()
                let error = await #expect(throws: VernalError.self) { try await task.value }
                #expect(error?.code == .cancelled)
                #expect(engine.isAtRest)
                #expect(try await engine.backend() == backend)
            }
        }

        @Test
        func `in a transaction that is left early costs it nothing if little is left, and is an error if much is`()
            async throws
        {
            try await withEngine { engine in
                for (count, isLost) in [(2000, false), (1_000_000_000, true)] {
                    var code: VernalError.Code?
                    do {
                        try await engine.withTransaction { connection in
                            let first = try await connection.stream("SELECT generate_series(1, \(count))::int8") {
                                rows in try await rows.next(as: Int.self)
                            }
                            #expect(first == 1 && !isLost)
                            let isOpen = connection.isInTransaction
                            #expect(isOpen)
                            try await connection.execute("SELECT 1")
                        }
                    } catch let error as VernalError {
                        code = error.code
                    }
                    #expect(code == (isLost ? .transactionAborted : nil))
                    #expect(engine.isAtRest && engine.statistics.connects == 1)
                }
            }
        }

        @Test func `that cannot be given up in time is an error in a transaction, too`() async throws {
            var configuration = try EngineConfiguration(url: TestDatabase.url)
            // Too little for the server to hear that it is to stop.
            configuration.cancelTimeout = .microseconds(1)
            try await using(Engine(configuration: configuration)) { engine in
                let error = await #expect(throws: VernalError.self) {
                    try await engine.withTransaction { connection in
                        try await connection.stream(endless) { rows in _ = try await rows.next() }
                    }
                }
                #expect(error?.code == .transactionAborted)
                #expect(error?.description.contains("LIMIT") == true)
                #expect(engine.isAtRest && engine.statistics.idle == 0)
                try await engine.execute("SELECT 1")
            }
        }

        @Test func `whose connection breaks says so, and is not started again`() async throws {
            try await FaultProxy.run { proxy in
                try await using(proxy.engine()) { engine in
                    var runs = 0
                    let error = await #expect(throws: VernalError.self) {
                        try await engine.stream(endless) { rows in
                            runs += 1
                            _ = try await rows.next()
                            await proxy.closeAll()
                            while try await rows.next() != nil {}
                        }
                    }
                    #expect(error?.code == .connectionLost)
                    #expect(runs == 1)
                    let lent = try await engine.leasableConnections()
                    #expect(lent == 1)
                }
            }
        }

        @Test func `takes no copy, and no query does: each names what does, and the connection is used on`()
            async throws
        {
            try await withEngine { engine in
                let backend = try await engine.backend()
                try await engine.withConnection { connection in
                    try await connection.execute("CREATE TEMPORARY TABLE given (n int)")
                    for (copy, name) in [("COPY given FROM STDIN", "copyIn"), ("COPY given TO STDOUT", "copyOut")] {
                        for isStream in [true, false] {
                            do {
                                let query = SQLQuery(unsafeRaw: copy)
                                if isStream {
                                    try await connection.stream(query) { _ in }
                                } else {
                                    _ = try await connection.query(query)
                                }
                                Issue.record("it was taken")
                            } catch let error as VernalError {
                                #expect(error.code == .misuse)
                                #expect(error.message.contains(name))
                            }
                            let answer = try await connection.query("SELECT count(*) FROM given").value(as: Int.self)
                            #expect(answer == 0)
                        }
                    }
                }
                #expect(try await engine.backend() == backend)
            }
        }

        // In a process of its own, where nothing else allocates.
        @Test(.enabled(if: heap_in_use() > 0, "the allocator does not tell, as under a sanitizer"))
        func `of a million rows takes no more memory than one of a thousand`() async {
            let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                let engine = try testEngine()
                func stream(_ rows: Int) async throws -> (rows: Int, peak: Int) {
                    try await engine.stream("SELECT n, repeat('x', 100) FROM generate_series(1, \(rows)) n") { rows in
                        var (count, peak) = (0, 0)
                        while let row = try await rows.next() {
                            count += 1
                            if count % 1000 == 0 { peak = max(peak, Int(heap_in_use())) }
                            try #require(row.columnCount == 2)
                        }
                        return (count, peak)
                    }
                }
                let small = try await stream(1000)
                let large = try await stream(1_000_000)
                print("heap of a stream: \(small.peak) bytes after 1000 rows, at most \(large.peak) in a million")
                try #require(large.rows == 1_000_000)
                try #require(small.peak > 0)
                // libpq's buffer may have grown once more, and the thread that waits may have come; a quarter of a byte for each row.
                try #require(large.peak - small.peak < 256 * 1024)
                try #require(engine.isAtRest)
            }
            print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
        }
    }
}
