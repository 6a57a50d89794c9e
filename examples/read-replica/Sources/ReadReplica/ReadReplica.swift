import Vernal
import VernalHost

struct Note: Codable {
    var id: Int
    var text: String
    /// Whether a standby has answered.
    var fromStandby: Bool
}

struct NewNote: Codable {
    var text: String
}

/// A function that reads from a standby, as long as there is one, and writes to the primary, wherever that is.
///
///     GET  /notes           all notes, from a standby if there is one
///     GET  /notes?fresh=1   the same from the primary: for whoever has just written
///     POST /notes           {"text": "…"} → 201 and the new note
@main struct ReadReplica {
    static func main() async throws {
        // Opens nothing; but as both exist, a wrong variable stops the start.
        let (primary, replica) = (getEngine(), getEngine("replica"))
        var options = HostOptions()
        // A write that finds no primary waits for the promotion within this.
        options.requestTimeout = .seconds(5)
        try await FunctionHost.serve(options) { request, context in
            do {
                switch (request.method, request.pathComponents) {
                case (.get, ["notes"]):
                    return try .json(await notes(request.query["fresh"] == nil ? replica : primary))
                case (.post, ["notes"]):
                    return try .json(await add(request.decode(NewNote.self), to: primary), status: .created)
                default:
                    return .text("not found\n", status: .notFound)
                }
            } catch let error as VernalError where error.isRetryable && !error.statementWasSent {
                // There is no such server just now. Nothing was run, so whoever asks again does no harm.
                context.logger.warning("no server", metadata: ["error": "\(error)"])
                return .text("there is no server for this at the moment\n", status: .serviceUnavailable)
            }
        }
    }

    private static func notes(_ engine: Engine) async throws -> [Note] {
        // A read may be run twice: when the standby goes away in the middle of it, the next server answers.
        try await engine.query(
            "SELECT id, text, pg_is_in_recovery() AS from_standby FROM notes ORDER BY id LIMIT 1000",
            isRepeatable: true
        ).decode(Note.self)
    }

    private static func add(_ note: NewNote, to engine: Engine) async throws -> Note {
        try await engine.query(
            "INSERT INTO notes (text) VALUES (\(note.text)) RETURNING id, text, pg_is_in_recovery() AS from_standby"
        ).single().decode(Note.self)
    }
}
