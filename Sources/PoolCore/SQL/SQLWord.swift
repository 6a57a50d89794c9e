/// The keywords and functions that say what a statement leaves behind in its session.
///
/// Words are found by their hash, which is computed while the statement is read, so that no text is copied.
enum SQLWord: String, CaseIterable, Sendable {
    // How statements begin.
    case abort, alter, begin, call, comment, commit, create, deallocate, declare, delete, discard, `do`, end, execute,
        explain
    case grant, insert, listen, load, lock, merge, prepare, release, reset, revoke, rollback, savepoint, select, set
    case start, unlisten, update, values, with
    // What comes behind that.
    case analyse, analyze, `as`, constraints, drop, `else`, `for`, from, function, global, hold, into, local
    case loop, materialized, on, or, pg_temp, prepared, procedure, replace, session, table, temp, temporary, then
    case transaction, `true`, unlogged, verbose
    // Settings that poolers keep for each client.
    case application_name, client_encoding, datestyle, intervalstyle, names, standard_conforming_strings, time
    case timezone, to
    // Functions.
    case currval, lastval, nextval, setval, set_config, pg_terminate_backend, setseed, dblink_connect
    case pg_advisory_lock, pg_advisory_lock_shared, pg_try_advisory_lock, pg_try_advisory_lock_shared
    case pg_advisory_unlock, pg_advisory_unlock_shared, pg_advisory_unlock_all

    /// Whether it is the name of a function.
    var isFunction: Bool {
        switch self {
        case .currval, .lastval, .nextval, .setval, .set_config, .pg_terminate_backend, .setseed, .dblink_connect,
            .pg_advisory_lock,
            .pg_advisory_lock_shared, .pg_try_advisory_lock, .pg_try_advisory_lock_shared, .pg_advisory_unlock,
            .pg_advisory_unlock_shared, .pg_advisory_unlock_all:
            true
        default: false
        }
    }

    /// The words by their hashes: each lies at the place that its hash names, or behind it.
    ///
    /// Not a dictionary, and not sorted: what Swift has to find out for either takes a process longer than all that is done here.
    private static let places: [(hash: UInt64, word: SQLWord)?] = {
        var places = [(hash: UInt64, word: SQLWord)?](repeating: nil, count: placeCount)
        for word in allCases {
            var hash = SQLHash()
            for byte in word.rawValue.utf8 { hash.combine(byte) }
            var place = place(of: hash)
            while places[place] != nil { place = (place + 1) % placeCount }
            places[place] = (hash.value, word)
        }
        return places
    }()

    /// At least twice as many as there are words.
    private static let placeCount = 256

    private static func place(of hash: SQLHash) -> Int { Int(truncatingIfNeeded: hash.value >> 32) & (placeCount - 1) }

    private static let longest = allCases.map(\.rawValue.utf8.count).max() ?? 0

    /// The word with a hash, if it is one of these.
    static func named(by hash: SQLHash, length: Int) -> SQLWord? {
        guard length <= longest else { return nil }
        var place = place(of: hash)
        while let found = places[place] {
            if found.hash == hash.value { return found.word }
            place = (place + 1) % placeCount
        }
        return nil
    }
}

/// FNV-1a: one step for each byte, and the same in every process, so that a fingerprint can be compared between them.
package struct SQLHash: Sendable, Hashable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    mutating func combine(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    mutating func combine(_ other: SQLHash) {
        value = (value ^ other.value) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 29
    }
}
