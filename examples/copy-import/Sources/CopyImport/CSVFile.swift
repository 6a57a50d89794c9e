import Foundation

/// A file that is read piece by piece, so that its size does not matter.
struct CSVFile {
    let size: Int
    let columns: [String]
    private let handle: FileHandle

    init(_ path: String) throws {
        handle = try FileHandle(forReadingFrom: URL(filePath: path))
        size = Int(try handle.seekToEnd())
        try handle.seek(toOffset: 0)
        let beginning = try handle.read(upToCount: 64 * 1024) ?? Data()
        let header = String(decoding: beginning.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        columns = header.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces.union(["\"", "\r"])) }
        guard !columns.isEmpty else { throw Empty() }
        try handle.seek(toOffset: 0)
    }

    /// The next piece; `nil` at the end.
    func next() throws -> Data? {
        guard let data = try handle.read(upToCount: 256 * 1024), !data.isEmpty else { return nil }
        return data
    }

    private struct Empty: Error, CustomStringConvertible {
        let description = "the first line names no columns"
    }
}
