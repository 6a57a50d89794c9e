internal import CBench

/// A peer of another language: a program in a process of its own, which makes the warm query with its own pool of one.
///
/// It is `Sendable` because a session gives its contestants their turns one after the other, and `close` comes last.
@safe
final class ProcessPeer: Contestant, @unchecked Sendable {
    /// The names by which `peers/run.sh` knows them.
    static let all = ["psycopg_pool", "sqlalchemy", "asyncpg", "node_pg", "pgx", "hikaricp"]

    let name: String
    let backends: [Int32]
    let process: Int32
    private let child: OpaquePointer

    private init(_ name: String, child: OpaquePointer, backend: Int32) {
        self.name = name
        unsafe self.child = child
        process = unsafe bench_child_pid(child)
        backends = [backend]
    }

    /// Starts those that are installed, and says of the others what is missing.
    static func start(_ names: [String], _ server: Server) throws -> [any Contestant] {
        try names.compactMap { name in
            var line = ""
            let capacity = 512
            let program = "\(folder)/run.sh"
            let child = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { text in
                let child = unsafe bench_child_start(program, name, server.url, text.baseAddress, capacity)
                if let text = text.baseAddress { line = unsafe String(cString: text) }
                return unsafe child
            }
            guard let child = unsafe child else { throw BenchmarkError("\(program) cannot be started: \(line)") }
            if line.hasPrefix("ready "), let backend = Int32(line.dropFirst("ready ".count)) {
                return unsafe ProcessPeer(name, child: child, backend: backend)
            }
            unsafe bench_child_end(child)
            print("without \(name) over \(server.transport): \(line)")
            return nil
        }
    }

    /// `peers` of the package.
    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/") + "/peers"

    func run(_ calls: Int, into samples: inout Samples) throws {
        try unsafe samples.fill(calls) { unsafe bench_child_ask(child, Int32(calls), $0) }
    }

    func close() { unsafe bench_child_end(child) }
}
