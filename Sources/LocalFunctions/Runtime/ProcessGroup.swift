import Foundation

/// Signals for a process and everything that it started.
package struct ProcessGroup: Sendable, Hashable {
    package let leader: Int32

    package init(leader: Int32) { self.leader = leader }

    /// Sends a signal; a group that is gone already is left alone.
    package func send(_ signal: Int32) {
        // Never 0 or 1: those would be our own group, and everybody.
        guard leader > 1 else { return }
        _ = kill(-leader, signal)
    }

    /// Stops it in its tracks.
    package func freeze() { send(SIGSTOP) }

    /// Lets it go on.
    package func thaw() { send(SIGCONT) }

    /// Asks it to end; a stopped process must be woken to hear that.
    package func terminate() {
        send(SIGTERM)
        send(SIGCONT)
    }

    /// Ends it.
    package func kill9() { send(SIGKILL) }
}

/// The memory that a process uses.
package struct ProcessMemory: Sendable, Equatable {
    /// Bytes that are in use now.
    package let resident: Int
    /// The most that were in use at a time.
    package let peak: Int

    /// Asks the system; `nil` where it does not tell (no `/proc`) or the process is gone.
    package static func of(_ process: Int32) -> ProcessMemory? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return nil }
        return ProcessMemory(status: text)
    }

    /// Reads the text of `/proc/PID/status`.
    package init?(status text: String) {
        func kilobytes(_ name: String) -> Int? {
            guard let start = text.range(of: "\n\(name):") else { return nil }
            let digits = text[start.upperBound...].drop { $0.isWhitespace }.prefix { $0.isNumber }
            return Int(digits)
        }
        guard let resident = kilobytes("VmRSS"), let peak = kilobytes("VmHWM") else { return nil }
        self.resident = resident * 1024
        self.peak = peak * 1024
    }
}
