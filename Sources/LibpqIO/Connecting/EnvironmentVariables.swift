#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The environment of the process, and what libpq finds there.
///
/// Keeps libpq from adding to the startup packet what nobody asked for.
///
/// libpq reads `PGOPTIONS`, `PGTZ`, `PGDATESTYLE` and `PGGEQO` from the environment while it builds that packet. Poolers
/// refuse connections for such parameters, and results would depend on the machine. There is no switch against it
/// but the environment itself, so those that are set are overwritten, once and for the whole process, with values that
/// libpq skips. They are overwritten, not removed, because removing moves the variables that other threads may
/// be reading.
package enum EnvironmentVariables {
    /// The value of one variable; `nil` when it is not set.
    package static func value(of name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Does the work the first time it is read.
    static let areHarmless: Bool = {
        // libpq skips a PGOPTIONS without text, and "default" for the others.
        for (name, harmless) in [
            ("PGOPTIONS", ""), ("PGTZ", "default"), ("PGDATESTYLE", "default"), ("PGGEQO", "default"),
        ] {
            if unsafe getenv(name) != nil { unsafe setenv(name, harmless, 1) }
        }
        return true
    }()
}
