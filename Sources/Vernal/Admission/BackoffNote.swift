internal import LibpqIO
package import Moments
internal import PoolCore

/// The note that a process leaves in the folder for temporary files when a server has no room for it.
///
/// Only where the folder belongs to a sandbox that outlives its process is there anybody to read it; elsewhere it does no
/// harm. Whatever is wrong with the file or the folder, it is as if there were none.
package struct BackoffNote: Sendable, Hashable {
    private let path: String
    private let server: UInt64

    /// - Parameters:
    ///   - folder: where it lies; `nil` takes the folder for temporary files.
    ///   - server: a word for the server: host, port, database and user.
    package init(folder: String? = nil, server: String) {
        // FNV-1a: the same in every process, which Swift's own hashes are not.
        self.server = server.utf8.reduce(0xCBF2_9CE4_8422_2325) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        var folder = folder ?? EnvironmentVariables.value(of: "TMPDIR") ?? "/tmp"
        if !folder.hasSuffix("/") { folder += "/" }
        path = folder + "vernal-backoff-\(SmallFile.user)-" + String(self.server, radix: 16)
    }

    /// Until when to stay away, if an earlier process left word.
    package func heldUntil(now: Moment) -> Moment? {
        guard let file = SmallFile.read(path, limit: BackoffHint.mostBytes),
            FileFacts(owner: file.owner, mode: file.mode, isRegular: file.isRegular).isTrusted(by: SmallFile.user),
            let hint = BackoffHint(parsing: file.text),
            hint.holds(at: now, boot: Self.boot, server: server)
        else { return nil }
        return hint.until
    }

    /// Leaves word for the next process.
    ///
    /// - Parameters:
    ///   - until: until when to stay away; no longer than a hint is believed.
    ///   - failures: how many connects have failed in a row.
    ///   - now: the time.
    package func leave(until: Moment, failures: Int, now: Moment) {
        let until = min(until, now + BackoffHint.longest)
        let hint = BackoffHint(boot: Self.boot, server: server, written: now, until: until, failures: failures)
        SmallFile.write(hint.text, to: path)
    }

    /// The name of this boot of the machine, or of the sandbox if it has one of its own.
    private static let boot: String = {
        let file = SmallFile.read("/proc/sys/kernel/random/boot_id", limit: 64)
        let name = file?.text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") } ?? ""
        return name.isEmpty ? "unknown" : name
    }()
}
