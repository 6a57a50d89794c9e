import ArgumentParser

/// How functions behave towards the database in a storm: the variables that they are given.
enum StormPolicy: String, ExpressibleByArgument, CaseIterable {
    /// As they come.
    case vernal
    /// With everything switched off that spares the server: connects as fast as they can be asked for, no pause after a
    /// refusal, and connections that are kept whether they are scarce or not.
    case naive

    var variables: [String: String] {
        switch self {
        case .vernal: [:]
        case .naive:
            [
                "VERNAL_CONNECT_BURST": "1000", "VERNAL_CONNECT_RATE": "1000000", "VERNAL_CONNECT_CONCURRENCY": "1000",
                "VERNAL_FIRST_CONNECT_WINDOW": "0", "VERNAL_ACQUIRE_RETRY": "never", "VERNAL_RETENTION": "keep",
            ]
        }
    }
}
