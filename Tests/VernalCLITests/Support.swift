import Foundation
import Subprocess

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// What the tool printed and how it ended.
struct Outcome: Sendable {
    /// The exit status; 128 and the number of the signal that ended it.
    let status: Int32
    let output: String
    let error: String
}

/// Runs `vernal` to its end; of the variables to change, `nil` takes one away.
func vernal(_ arguments: [String], environment: [String: String?] = [:]) async throws -> Outcome {
    var changes: [Environment.Key: String?] = [
        "DATABASE_URL": nil, "PGHOST": nil, "PGHOSTADDR": nil, "PGSERVICE": nil,
    ]
    for (name, value) in environment { changes[.init(stringLiteral: name)] = value }
    let result = try await run(
        .path(FilePath(tool)),
        arguments: Arguments(arguments),
        environment: .inherit.updating(changes),
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    let status =
        switch result.terminationStatus {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    return Outcome(status: status, output: result.standardOutput, error: result.standardError)
}

func vernal(_ arguments: String...) async throws -> Outcome { try await vernal(arguments) }

/// The tool built beside these tests.
let tool: String = {
    let besideTests = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "vernal").path
    if FileManager.default.isExecutableFile(atPath: besideTests) { return besideTests }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return root.appending(path: ".build/debug/vernal").path
}()

/// A port that nobody has: the system chooses one, and gives it to no other so soon.
func freePort() -> Int {
    #if canImport(Glibc)
    let stream = Int32(SOCK_STREAM.rawValue)
    #else
    let stream = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, stream, 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            unsafe bind(descriptor, pointer, size)
            unsafe getsockname(descriptor, pointer, &size)
        }
        return unsafe Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
}
