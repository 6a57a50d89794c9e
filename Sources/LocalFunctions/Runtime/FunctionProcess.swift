import Foundation
internal import NIOCore
internal import NIOPosix
internal import Subprocess

#if canImport(System)
internal import System
private typealias SystemFileDescriptor = System.FileDescriptor
#else
internal import SystemPackage
private typealias SystemFileDescriptor = SystemPackage.FileDescriptor
#endif

/// Runs a function's program in a process group of its own.
enum FunctionProcess {
    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - program: The program; its environment is all that it gets, ours aside.
    ///   - variables: What the platform adds.
    ///   - started: Called with the group as soon as it runs.
    ///   - wrote: Called with each line on its standard output and error.
    /// - Returns: how it ended.
    /// - Throws: what the system said when it could not be started.
    static func run(
        _ program: FunctionProgram,
        variables: [String: String],
        started: @Sendable (ProcessGroup) -> Void,
        wrote: @escaping @Sendable (String) -> Void
    ) async throws -> ProcessEnd {
        var environment: [Environment.Key: String] = [:]
        let own = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("AWS_LAMBDA_") }
        for (name, value) in own.merging(variables, uniquingKeysWith: { $1 }).merging(
            program.environment,
            uniquingKeysWith: { $1 }
        ) {
            environment[.init(stringLiteral: name)] = value
        }
        var platform = PlatformOptions()
        platform.processGroupID = 0
        let (reading, writing) = try pipe()
        _ = fcntl(reading.rawValue, F_SETFD, FD_CLOEXEC)
        _ = fcntl(writing.rawValue, F_SETFD, FD_CLOEXEC)
        let logs = try await LogPipe.open(reading.rawValue)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await logs.run(wrote) }
            let result: ExecutionResult<Void, FileDescriptorOutput, CombinedErrorOutput>
            do {
                result = try await Subprocess.run(
                    .path(FilePath(program.path)),
                    arguments: Arguments(program.arguments),
                    environment: .custom(environment),
                    platformOptions: platform,
                    input: .none,
                    output: .fileDescriptor(writing, closeAfterSpawningProcess: true),
                    error: .combinedWithOutput
                ) { execution in
                    started(ProcessGroup(leader: execution.processIdentifier.value))
                }
            } catch {
                await logs.close()
                throw error
            }
            // What it started may hold the pipe open for as long as it likes; what was written is there by now.
            await logs.closeSoon()
            return switch result.terminationStatus {
            case .exited(let status): .exited(status)
            case .signaled(let signal): .signaled(signal)
            }
        }
    }
}

/// The two ends of a new pipe.
private func pipe() throws -> (reading: SystemFileDescriptor, writing: SystemFileDescriptor) {
    let ends = try SystemFileDescriptor.pipe()
    return (ends.readEnd, ends.writeEnd)
}

/// The reading end of what a process writes.
struct LogPipe: Sendable {
    private let channel: NIOAsyncChannel<ByteBuffer, Never>

    static func open(_ descriptor: CInt) async throws -> LogPipe {
        let channel = try await NIOPipeBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .takingOwnershipOfDescriptor(input: descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, Never>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8))
                    )
                }
            }
        return LogPipe(channel: channel)
    }

    /// Reads to the end, or until it is closed.
    func run(_ wrote: @escaping @Sendable (String) -> Void) async {
        var lines = LogLines()
        try? await channel.executeThenClose { inbound in
            for try await bytes in inbound {
                for line in lines.append(bytes.readableBytesView) { wrote(line) }
            }
        }
        if let line = lines.finish() { wrote(line) }
    }

    func close() async { try? await channel.channel.close().get() }

    /// Closes it when the end has not come by itself in a moment.
    func closeSoon() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await channel.channel.closeFuture.get() }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(200))
                try? await channel.channel.close().get()
            }
            await group.next()
            group.cancelAll()
        }
    }
}
