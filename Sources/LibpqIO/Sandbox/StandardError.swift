#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Where a line goes that somebody should see and that is no error of any call.
package enum StandardError {
    /// Writes a line, in one piece if the system can.
    package static func write(_ line: String) {
        var line = line + "\n"
        line.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return }
            // There is nobody to tell when even this cannot be written.
            #if canImport(Glibc)
            _ = unsafe Glibc.write(2, start, bytes.count)
            #elseif canImport(Musl)
            _ = unsafe Musl.write(2, start, bytes.count)
            #elseif canImport(Darwin)
            _ = unsafe Darwin.write(2, start, bytes.count)
            #endif
        }
    }
}
