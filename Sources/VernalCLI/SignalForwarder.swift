import Dispatch
import Foundation
import Synchronization

/// Passes the signals that ask a process to end on to a command, so that the command ends first.
///
/// From its creation on, these signals no longer end our own process.
struct SignalForwarder {
    private let recipient = SignalRecipient()
    private let sources: [any DispatchSourceSignal]

    init() {
        let queue = DispatchQueue(label: "vernal.signals")
        sources = [SIGINT, SIGTERM, SIGHUP].map { [recipient] number in
            #if canImport(Darwin)
            // There a dispatch source only watches; the signal would still have its effect.
            signal(number, SIG_IGN)
            #endif
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // A terminal sends Ctrl-C to its whole foreground group. The command has got that one already, and
                // for many programs a second one means "now, without cleaning up".
                if number == SIGINT, Self.isInForeground { return }
                recipient.receive(number)
            }
            source.resume()
            return source
        }
    }

    /// Sends everything received so far and from now on to the process.
    func begin(to process: pid_t) { recipient.become(process) }

    /// Sends nothing any more, because the process is gone and its number may be another's.
    func end() { recipient.become(nil) }

    private static var isInForeground: Bool {
        [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO].contains { tcgetpgrp($0) == getpgrp() }
    }
}

/// The process that signals go to, and those that came before there was one.
private final class SignalRecipient: Sendable {
    private let state = Mutex<(process: pid_t?, early: [Int32])>((nil, []))

    func become(_ process: pid_t?) {
        let early = state.withLock { state in
            state.process = process
            defer { state.early = [] }
            return state.early
        }
        guard let process else { return }
        for number in early { _ = kill(process, number) }
    }

    func receive(_ number: Int32) {
        let process = state.withLock { state in
            if state.process == nil { state.early.append(number) }
            return state.process
        }
        if let process { _ = kill(process, number) }
    }
}
