import Foundation
import LibpqIO
import Moments
import Testing
import Vernal

@Suite struct `A backoff note` {
    private let now = Moment.now

    /// A folder of its own, gone when `body` is done.
    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vernal-note-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func file(in folder: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return folder + "/" + (try #require(names.first))
    }

    @Test func `is found by the next process of the same sandbox`() throws {
        try inFolder { folder in
            let server = "db:5432/app as web"
            #expect(BackoffNote(folder: folder, server: server).heldUntil(now: now) == nil)
            BackoffNote(folder: folder, server: server).leave(until: now + .seconds(3), failures: 2, now: now)
            let until = try #require(BackoffNote(folder: folder, server: server).heldUntil(now: now + .seconds(1)))
            #expect(abs((until - now) / .seconds(1) - 3) < 0.01)
            #expect(BackoffNote(folder: folder, server: "other").heldUntil(now: now + .seconds(1)) == nil)
            #expect(BackoffNote(folder: folder, server: server).heldUntil(now: now + .seconds(4)) == nil)
        }
    }

    @Test func `is written over, and is one file that nobody else may read`() throws {
        try inFolder { folder in
            let note = BackoffNote(folder: folder, server: "db")
            for seconds in 1...5 { note.leave(until: now + .seconds(seconds), failures: seconds, now: now) }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(names.count == 1)
            #expect(SmallFile.read(folder + "/" + names[0], limit: 256)?.mode == 0o600)
        }
    }

    @Test func `is not believed when others could have written it, or when it is a link`() throws {
        try inFolder { folder in
            let note = BackoffNote(folder: folder, server: "db")
            note.leave(until: now + .seconds(3), failures: 1, now: now)
            let path = try file(in: folder)
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
            #expect(note.heldUntil(now: now + .seconds(1)) == nil)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            #expect(note.heldUntil(now: now + .seconds(1)) != nil)
            try FileManager.default.moveItem(atPath: path, toPath: folder + "/elsewhere")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder + "/elsewhere")
            #expect(note.heldUntil(now: now + .seconds(1)) == nil)
        }
    }

    @Test func `may be nonsense, too long, a folder, or in no folder at all`() throws {
        try inFolder { folder in
            let note = BackoffNote(folder: folder, server: "db")
            note.leave(until: now + .seconds(3), failures: 1, now: now)
            let path = try file(in: folder)
            for text in ["", "nonsense", String(repeating: "x", count: 10_000)] {
                #expect(SmallFile.write(text, to: path))
                #expect(note.heldUntil(now: now + .seconds(1)) == nil)
            }
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(note.heldUntil(now: now + .seconds(1)) == nil)
            note.leave(until: now + .seconds(3), failures: 1, now: now)
            let nowhere = BackoffNote(folder: folder + "/nowhere", server: "db")
            nowhere.leave(until: now + .seconds(3), failures: 1, now: now)
            #expect(nowhere.heldUntil(now: now + .seconds(1)) == nil)
        }
    }
}
