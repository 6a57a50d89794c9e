import NIOCore

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// How many connections a process may have that may have so many files open, at least one.
///
/// Left for others: three for each event loop, and a quarter for the function, its database and the runtime, at most 64.
package func connectionCapacity(files: Int) -> Int {
    max(1, files - 3 * System.coreCount - min(64, files / 4))
}

/// How many files the process may have open, sockets included.
func openFileLimit() -> Int {
    let limit = sysconf(Int32(_SC_OPEN_MAX))
    return limit > 0 ? limit : Int(Int32.max)
}
