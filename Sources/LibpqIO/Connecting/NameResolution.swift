internal import CLibpq
package import Moments

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Looks up the addresses of a host.
///
/// Blocks, unless the name is an address already.
///
/// - Parameters:
///   - host: the name.
///   - numericOnly: whether to take addresses only, so that nothing is asked of the network.
/// - Returns: the addresses in the order in which the system wants them tried, or the system's reason.
func resolve(_ host: String, numericOnly: Bool = false) -> Result<[String], ResolutionFailure> {
    var hints = unsafe addrinfo()
    unsafe hints.ai_family = AF_UNSPEC
    #if canImport(Glibc)
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
    unsafe hints.ai_socktype = SOCK_STREAM
    #endif
    if numericOnly { unsafe hints.ai_flags = AI_NUMERICHOST }
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(host, nil, &hints, &list)
    guard status == 0 else {
        return .failure(ResolutionFailure(reason: unsafe String(cString: gai_strerror(status))))
    }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [String] = []
    var next = unsafe list
    while let entry = unsafe next {
        if let address = unsafe numericAddress(entry.pointee), !addresses.contains(address) {
            addresses.append(address)
        }
        unsafe next = entry.pointee.ai_next
    }
    return .success(addresses)
}

/// Why a name has no address, in the words of the system.
package struct ResolutionFailure: Error {
    package var reason: String
}

@unsafe
private func numericAddress(_ entry: addrinfo) -> String? {
    let capacity = 128
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
        guard let start = buffer.baseAddress,
            unsafe getnameinfo(
                entry.ai_addr,
                entry.ai_addrlen,
                start,
                socklen_t(capacity),
                nil,
                0,
                NI_NUMERICHOST
            ) == 0
        else { return nil }
        return unsafe String(cString: start)
    }
}

extension SocketWaiter {
    /// Looks up the addresses of a host without blocking the caller's thread.
    package func addresses(
        of host: String,
        until deadline: Moment
    ) async -> Result<Result<[String], ResolutionFailure>, GaveUp> {
        if case .success(let addresses) = resolve(host, numericOnly: true) { return .success(.success(addresses)) }
        return await callOnOwnThread(until: deadline, isCancellable: true) { resolve(host) }
    }
}
