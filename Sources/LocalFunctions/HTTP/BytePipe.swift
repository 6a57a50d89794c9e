internal import Synchronization

/// Passes bytes from one task to another, one piece at a time, so that a slow reader slows the writer down.
package final class BytePipe: Sendable {
    private enum Phase {
        case empty
        case full([UInt8], CheckedContinuation<Void, any Error>)
        case reading(CheckedContinuation<[UInt8]?, any Error>)
        case ended((any Error)?)
    }

    private let phase = Mutex(Phase.empty)

    package init() {}

    /// What the writer is told when the reader went away.
    package struct ReaderGone: Error {}

    /// Hands a piece over and returns when the reader has taken it.
    ///
    /// - Throws: ``ReaderGone`` when nobody will.
    package func write(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (writer: CheckedContinuation<Void, any Error>) in
            enum Now { case taken(CheckedContinuation<[UInt8]?, any Error>), refused, later }
            let now: Now = phase.withLock { phase in
                switch phase {
                case .reading(let reader):
                    phase = .empty
                    return .taken(reader)
                case .ended: return .refused
                case .empty, .full:
                    phase = .full(bytes, writer)
                    return .later
                }
            }
            switch now {
            case .taken(let reader):
                reader.resume(returning: bytes)
                writer.resume()
            case .refused: writer.resume(throwing: ReaderGone())
            case .later: break
            }
        }
    }

    /// The next piece; `nil` when the writer has ended.
    ///
    /// - Throws: the error with which the writer ended.
    package func read() async throws -> [UInt8]? {
        try await withCheckedThrowingContinuation { (reader: CheckedContinuation<[UInt8]?, any Error>) in
            enum Now { case piece([UInt8], CheckedContinuation<Void, any Error>), end((any Error)?), later }
            let now: Now = phase.withLock { phase in
                switch phase {
                case .full(let bytes, let writer):
                    phase = .empty
                    return .piece(bytes, writer)
                case .ended(let error): return .end(error)
                case .empty, .reading:
                    phase = .reading(reader)
                    return .later
                }
            }
            switch now {
            case .piece(let bytes, let writer):
                writer.resume()
                reader.resume(returning: bytes)
            case .end(let error?): reader.resume(throwing: error)
            case .end(nil): reader.resume(returning: nil)
            case .later: break
            }
        }
    }

    /// No more comes, or nobody reads any more.
    ///
    /// - Parameter error: What the reader is told instead of the end.
    package func finish(throwing error: (any Error)? = nil) {
        let before = phase.withLock { phase in
            let before = phase
            if case .ended = phase {} else { phase = .ended(error) }
            return before
        }
        switch before {
        case .reading(let reader):
            if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
        case .full(_, let writer): writer.resume(throwing: ReaderGone())
        case .empty, .ended: break
        }
    }
}
