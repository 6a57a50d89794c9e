internal import CLibpq

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Milliseconds for `poll` and its kin: rounded up, so that nobody wakes just before a deadline; -1 is for ever.
func milliseconds(_ duration: Duration?) -> Int32 {
    guard let duration else { return -1 }
    // Not by its components: what takes them apart costs more than the call that the number is for.
    let attoseconds = duration.attoseconds
    let millisecond: Int128 = 1_000_000_000_000_000
    guard attoseconds > 0 else { return 0 }
    guard attoseconds < Int128(Int32.max) * millisecond else { return .max }
    return Int32((attoseconds + millisecond - 1) / millisecond)
}

/// Whether a socket is ready, waiting in place for at most `limit`.
///
/// - Parameters:
///   - descriptor: the socket.
///   - interest: what for.
///   - other: ends the wait, too, when it can be read; none if it is negative.
///   - limit: how long.
/// - Returns: whether the socket is ready.
func pollInPlace(
    _ descriptor: Int32,
    for interest: SocketInterest,
    orFor other: Int32 = -1,
    limit: Duration
) -> Bool {
    let events: Int32 =
        switch interest {
        case .read: POLLIN
        case .write: POLLOUT
        case .readOrWrite: POLLIN | POLLOUT
        }
    var entries = (
        pollfd(fd: descriptor, events: Int16(events), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0)
    )
    return unsafe withUnsafeMutablePointer(to: &entries) { entries in
        let first = unsafe UnsafeMutableRawPointer(entries).assumingMemoryBound(to: pollfd.self)
        // Interrupted by a signal: as if nothing had come; the caller waits on in its own way.
        return unsafe poll(first, other < 0 ? 1 : 2, milliseconds(limit)) > 0 && first.pointee.revents != 0
    }
}

/// How many CPUs there are, and so how many threads the tasks of Swift have.
var processorCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

/// Tells the threads of the process apart.
func currentThread() -> UInt {
    #if canImport(Darwin)
    unsafe UInt(bitPattern: pthread_self())
    #else
    UInt(pthread_self())
    #endif
}

/// Starts a detached thread.
///
/// - Returns: whether the system had one to give.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    let work = unsafe Unmanaged.passRetained(Work(body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { unsafe pthread_attr_destroy(&attributes) }

    #if canImport(Darwin)
    var thread: pthread_t?
    let status = unsafe pthread_create(
        &thread,
        &attributes,
        { argument in
            unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        },
        work.toOpaque()
    )
    #else
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread,
        &attributes,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        },
        work.toOpaque()
    )
    #endif
    if status != 0 { unsafe work.release() }
    return status == 0
}

/// Ends the process, as a program does that returns from `main`; or as one that fails, and says why.
func endProcess(because error: (any Error)? = nil) -> Never {
    guard let error else { exit(EXIT_SUCCESS) }
    var text = "error: \(error)\n"
    text.withUTF8 { _ = unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(EXIT_FAILURE)
}

/// The port of this end of a TCP connection; `nil` for any other socket.
func localPort(of descriptor: Int32) -> Int? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return unsafe withUnsafeMutableBytes(of: &address) { bytes -> Int? in
        guard let base = bytes.baseAddress else { return nil }
        let found = unsafe getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length)
        guard found == 0 else { return nil }
        let family = unsafe Int32(base.assumingMemoryBound(to: sockaddr.self).pointee.sa_family)
        // The port stands in the same place for both families, in network byte order.
        guard family == AF_INET || family == AF_INET6 else { return nil }
        return unsafe Int(UInt16(bigEndian: base.assumingMemoryBound(to: sockaddr_in.self).pointee.sin_port))
    }
}
