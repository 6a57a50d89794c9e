extension StatementClassifier {
    /// A statement begins with a word.
    mutating func begin(_ word: SQLWord?, _ bytes: Span<UInt8>) {
        // EXPLAIN ANALYZE runs what it explains.
        if command == .explain, let word, [.analyze, .analyse, .verbose].contains(word) {
            isAtStart = true
            return
        }
        command = word
        statements += 1
        result.isPlanned = statements == 1 && isPlanned(word)
        if language == .procedural, beginsProcedural(word) { return }
        switch word {
        case .set: set(bytes)
        case .reset: result.traits.insert(settingTrait(bytes))
        case .listen, .unlisten: result.traits.insert(.listen)
        case .discard: result.traits.insert(.discard)
        case .load: result.traits.insert(.load)
        case .do, .call: result.traits.insert(.routine)
        case .lock: result.traits.insert(.tableLock)
        case .create: create(bytes)
        case .explain: isAtStart = true
        case .prepare:
            if peek(bytes).word != .transaction { result.traits.insert(.sqlPrepare) }
        case .execute: result.traits.insert(.sqlPrepare)
        case .deallocate: result.traits.formUnion([.sqlPrepare, .deallocate])
        case .declare: result.traits.insert(.cursor)
        case .commit, .rollback:
            // COMMIT PREPARED ends a transaction that is no session's.
            if peek(bytes).word != .prepared { result.traits.insert(.transactionControl) }
        case .begin, .start, .end, .abort, .savepoint, .release: result.traits.insert(.transactionControl)
        default: break
        }
    }

    private func isPlanned(_ word: SQLWord?) -> Bool {
        switch word {
        case .select, .insert, .update, .delete, .merge, .values, .table, .with: true
        default: false
        }
    }

    /// In a `DO` a statement also begins behind these, and some words of SQL mean something else.
    private mutating func beginsProcedural(_ word: SQLWord?) -> Bool {
        switch word {
        case .begin, .then, .else, .loop:
            isAtStart = true
            return true
        case .execute, .declare, .end, .commit, .rollback, .prepare: return true
        default: return false
        }
    }

    /// A word within a statement.
    mutating func go(on word: SQLWord, isName: Bool, _ bytes: Span<UInt8>) {
        if language == .procedural, !isName, beginsProcedural(word) { return }
        switch (command, word) {
        case (.create, .table), (.create, .materialized): createsTable = true
        case (.create, .as) where depth == 0: createsFromQuery = createsTable
        case (.create, .pg_temp): createsTemporary = true
        case (.create, .on): commitWords = 1
        case (.create, .commit): commitWords = commitWords == 1 ? 2 : 0
        case (.create, .drop): commitWords = commitWords == 2 ? 3 : 0
        case (.declare, .for): command = .select
        case (.declare, .hold) where previousIsWith: result.traits.insert(.holdCursor)
        case (.insert, .into), (.merge, .into): break
        case (_, .into) where !isName: selectInto(bytes)
        default: break
        }
        previousIsWith = word == .with
    }

    private mutating func set(_ bytes: Span<UInt8>) {
        switch peek(bytes).word {
        case .local, .transaction, .constraints: result.traits.insert(.localSetting)
        default:
            _ = skip([.session], bytes)
            result.traits.insert(settingTrait(bytes))
        }
    }

    /// Whether the setting whose name comes next is one that poolers keep for each client.
    private func settingTrait(_ bytes: Span<UInt8>) -> StatementTraits {
        switch peek(bytes).word {
        case .application_name, .client_encoding, .datestyle, .intervalstyle, .names, .standard_conforming_strings,
            .time, .timezone:
            .reportedSetting
        default: .sessionSetting
        }
    }

    private mutating func create(_ bytes: Span<UInt8>) {
        while let word = skip([.or, .replace, .local, .global, .unlogged], bytes) { _ = word }
        switch peek(bytes).word {
        case .temp, .temporary: createsTemporary = true
        case .function, .procedure:
            var ahead = self
            _ = ahead.skip([.function, .procedure], bytes)
            createsTemporary = ahead.peek(bytes).word == .pg_temp
            // Nothing of a body runs now. Its statements would be read as if they did.
            tokens = SQLTokenizer(at: bytes.count)
        default: break
        }
    }

    /// `SELECT … INTO TEMP name`; but a table may be called temp.
    private mutating func selectInto(_ bytes: Span<UInt8>) {
        var ahead = self
        _ = ahead.skip([.local, .global], bytes)
        if ahead.peek(bytes).word == .pg_temp { result.traits.insert(.temporaryObject) }
        guard ahead.skip([.temp, .temporary], bytes) != nil else { return }
        _ = ahead.skip([.table], bytes)
        let next = ahead.peek(bytes)
        if next.isThere, !next.isSign, next.word != .from { result.traits.insert(.temporaryObject) }
    }

    /// Whether functions in this statement run now, and are not kept for later as the default of a column is.
    var callsFunctions: Bool {
        switch command {
        case .alter, .comment, .grant, .revoke: false
        case .create: createsFromQuery
        default: true
        }
    }

    /// A function is called; its opening bracket comes next.
    mutating func call(_ function: SQLWord, _ bytes: Span<UInt8>) {
        switch function {
        case .nextval, .setval: result.traits.insert(.sequence)
        case .currval, .lastval: result.traits.insert(.sequenceMemory)
        case .setseed, .dblink_connect: result.traits.insert(.sessionFunction)
        case .pg_terminate_backend: result.traits.insert(.endsBackends)
        case .pg_advisory_lock, .pg_advisory_lock_shared, .pg_try_advisory_lock, .pg_try_advisory_lock_shared,
            .pg_advisory_unlock, .pg_advisory_unlock_shared, .pg_advisory_unlock_all:
            result.traits.insert(.sessionAdvisoryLock)
        case .set_config: result.traits.insert(isLocal(bytes) ? .localSetting : .sessionSetting)
        default: break
        }
    }

    /// Whether the last argument of `set_config` is a literal that says so.
    private func isLocal(_ bytes: Span<UInt8>) -> Bool {
        var ahead = tokens
        var depth = 0
        var last: SQLToken?
        var tokensInArgument = 0
        while let token = ahead.next(in: bytes) {
            let sign = token.kind == .sign ? bytes[token.range.lowerBound] : 0
            if sign == UInt8(ascii: "(") { depth += 1 }
            if sign == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { break }
            if depth == 1, sign == UInt8(ascii: ",") {
                tokensInArgument = 0
            } else {
                tokensInArgument += 1
                last = token
            }
        }
        guard tokensInArgument == 1, let last, last.kind == .word || last.kind == .string else { return false }
        return Self.word(last, bytes, folded: true) == .true
    }
}
