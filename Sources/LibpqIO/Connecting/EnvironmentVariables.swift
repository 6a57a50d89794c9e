#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Keeps libpq from adding to the startup packet what nobody asked for.
///
/// libpq reads `PGOPTIONS`, `PGTZ`, `PGDATESTYLE` and `PGGEQO` from the environment while it builds that packet. Poolers
/// refuse connections for such parameters, and results would depend on the machine. There is no switch against it
/// but the environment itself, so those that are set are overwritten, once and for the whole process, with values that
/// libpq skips. They are overwritten, not removed, because removing moves the variables that other threads may
/// be reading.
enum EnvironmentVariables {
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
