#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A small file that is read and written in one piece, and what is known of who wrote it.
package struct SmallFile: Sendable, Hashable {
    package let text: String
    package let owner: UInt32
    /// The permission bits.
    package let mode: UInt32
    package let isRegular: Bool

    /// Reads a file of at most `limit` bytes.
    ///
    /// Follows no symbolic link, waits for nothing (a pipe is not read), and takes what is known of the file from the file
    /// that it has open, so that it cannot be exchanged in between.
    ///
    /// - Returns: `nil` when there is none, or a longer one.
    package static func read(_ path: String, limit: Int) -> SmallFile? {
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { return nil }
        let isRegular = facts.st_mode & S_IFMT == S_IFREG
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count =
            isRegular ? unsafe bytes.withUnsafeMutableBytes { unsafe Self.fill($0, from: descriptor) } : 0
        guard count >= 0, count <= limit else { return nil }
        return SmallFile(
            text: String(decoding: bytes.prefix(count), as: UTF8.self),
            owner: facts.st_uid,
            mode: UInt32(facts.st_mode) & 0o7777,
            isRegular: isRegular
        )
    }

    /// Writes a file that only this user may read, in the place of an earlier one.
    ///
    /// - Returns: whether it is there.
    @discardableResult
    package static func write(_ text: String, to path: String) -> Bool {
        let temporary = path + ".\(getpid())"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        var text = text
        let isWritten = text.withUTF8 { bytes in
            unsafe Self.put(UnsafeRawBufferPointer(bytes), into: descriptor) == bytes.count
        }
        close(descriptor)
        guard isWritten, unsafe rename(temporary, path) == 0 else {
            unsafe unlink(temporary)
            return false
        }
        return true
    }

    /// The user that this process acts as.
    package static var user: UInt32 { geteuid() }

    @unsafe
    private static func fill(_ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        unsafe Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
        unsafe Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    @unsafe
    private static func put(_ buffer: UnsafeRawBufferPointer, into descriptor: Int32) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
        unsafe Musl.write(descriptor, buffer.baseAddress, buffer.count)
        #else
        unsafe Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
