import Foundation
import Vernal

/// Imports a CSV file, whose first line names the columns, into a table.
///
///     copy-import TABLE FILE [--create]
///
/// `--create` makes the table, with columns of text, if it is missing. `DATABASE_URL` says where.
@main struct CopyImport {
    static func main() {
        // One thread for all of it: the job is over sooner than others would have begun.
        Engine.runMain { await run() }
    }

    static func run() async {
        let arguments = CommandLine.arguments.dropFirst().filter { $0 != "--create" }
        guard arguments.count == 2, let table = arguments.first, let path = arguments.last else {
            fail("usage: copy-import TABLE FILE [--create]")
        }
        do {
            let file = try CSVFile(path)
            let creates = CommandLine.arguments.contains("--create")
            let (rows, time) = try await importing(file, into: table, creates: creates)
            let rate = Double(file.size) / 1_000_000 / time
            print(String(format: "%d rows, %.1f MB in %.1f s (%.1f MB/s)", rows, Double(file.size) / 1e6, time, rate))
        } catch let error as VernalError {
            // The context names the line and the column; it may have a value in it, and it is the user's own file.
            fail(error.description + (error.context.map { "\n\($0)" } ?? ""))
        } catch {
            fail("\(error)")
        }
    }

    static func importing(_ file: CSVFile, into table: String, creates: Bool) async throws -> (rows: Int, time: Double)
    {
        let engine = getEngine()
        let name: SQLQuery = "\(identifier: table)"
        let columns = file.columns.map { "\(identifier: $0)" as SQLQuery }
        if creates {
            let definitions = columns.map { "\($0) text" as SQLQuery }.joined(separator: ", ")
            try await engine.execute("CREATE TABLE IF NOT EXISTS \(name) (\(definitions))")
        }
        let progress = await Progress(of: file.size)
        let begun = ContinuousClock.now
        let rows = try await engine.copyIn(
            "COPY \(name) (\(columns.joined(separator: ", "))) FROM STDIN (FORMAT csv, HEADER)"
        ) { data in
            while let piece = try file.next() {
                // Waits when the server is slower than the disk.
                try await data.write(piece)
                await progress.add(piece.count)
            }
        }
        await progress.end()
        let time = ContinuousClock.now - begun
        await engine.dispose()
        return (rows, Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18)
    }

    static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("\ncopy-import: \(message)\n".utf8))
        exit(1)
    }
}
