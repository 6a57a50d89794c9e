extension VernalError {
    /// The error of a hook.
    ///
    /// What another library put into an error is not known to be safe to log, so only its type is named.
    static func hookFailed(_ hook: String, _ error: any Error) -> VernalError {
        if error is CancellationError {
            return VernalError(.cancelled, "the task was cancelled in the hook \"\(hook)\"")
        }
        if let error = error as? VernalError {
            return error.with { fields in
                if fields.code == .server || fields.code == .misuse { fields.code = .hookFailed }
                fields.message = "the hook \"\(hook)\" failed: \(fields.message)"
                fields.underlying = error
            }
        }
        return VernalError(.hookFailed, "the hook \"\(hook)\" failed with an error of type \(type(of: error))") {
            $0.underlying = error
        }
    }

    /// A duration as a person would say it: `340 ms`, `4.2 s`.
    static func rounded(_ duration: Duration) -> String {
        let milliseconds = Int(duration.inSeconds * 1000)
        guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
        return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }
}
