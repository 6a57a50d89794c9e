#if RedisAdmission
internal import LibpqIO
internal import Moments

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A TCP connection that never blocks a thread: it waits where libpq's sockets wait.
struct RedisSocket: ~Copyable {
    private let descriptor: Int32
    private var pace = AnswerPace()

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Connects to one address.
    static func connected(
        to address: String,
        port: Int,
        until deadline: Moment
    ) async throws(RedisAdmissionError) -> RedisSocket {
        var socket = RedisSocket(try open(address, port))
        try await socket.wait(for: .write, until: deadline)
        try socket.checkForError()
        return socket
    }

    private func checkForError() throws(RedisAdmissionError) {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else { throw RedisAdmissionError("Redis cannot be reached: \(Self.text(of: code))") }
    }

    deinit {
        close(descriptor)
    }

    /// Sends all of it.
    mutating func send(_ bytes: [UInt8], until deadline: Moment) async throws(RedisAdmissionError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Self.send(descriptor, $0) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                try await wait(for: .write, until: deadline)
            } else if errno != EINTR {
                throw RedisAdmissionError("the connection to Redis broke: \(Self.text(of: errno))")
            }
        }
    }

    /// Waits for something to arrive.
    mutating func receive(until deadline: Moment) async throws(RedisAdmissionError) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 { return Array(chunk.prefix(count)) }
            guard count < 0 else { throw RedisAdmissionError("Redis closed the connection") }
            if errno == EAGAIN || errno == EWOULDBLOCK {
                try await wait(for: .read, until: deadline)
            } else if errno != EINTR {
                throw RedisAdmissionError("the connection to Redis broke: \(Self.text(of: errno))")
            }
        }
    }

    private mutating func wait(for interest: SocketInterest, until deadline: Moment) async throws(RedisAdmissionError) {
        switch await SocketWaiter.shared.wait(
            for: descriptor,
            interest,
            until: deadline,
            pace: &pace,
            isCancellable: true
        ) {
        case .ready: return
        case .timedOut: throw RedisAdmissionError("Redis did not answer in time")
        case .cancelled: throw RedisAdmissionError("the task was cancelled while Redis was asked")
        }
    }

    private static func open(_ address: String, _ port: Int) throws(RedisAdmissionError) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(address, String(port), &hints, &list) == 0, let entry = unsafe list else {
            throw RedisAdmissionError("\(address) is no address")
        }
        defer { unsafe freeaddrinfo(list) }
        #if canImport(Glibc)
        let kind = Int32(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        let descriptor = unsafe socket(entry.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw RedisAdmissionError("no socket: \(text(of: errno))") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Darwin)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &one, socklen_t(MemoryLayout<Int32>.size))
        #endif
        if unsafe connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) != 0, errno != EINPROGRESS {
            let reason = text(of: errno)
            close(descriptor)
            throw RedisAdmissionError("Redis cannot be reached: \(reason)")
        }
        return descriptor
    }

    @unsafe
    private static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Darwin)
        return unsafe Darwin.send(descriptor, bytes.baseAddress, bytes.count, 0)
        #elseif canImport(Musl)
        return unsafe Musl.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #else
        return unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #endif
    }

    private static func text(of code: Int32) -> String {
        unsafe String(cString: strerror(code))
    }
}

#endif
