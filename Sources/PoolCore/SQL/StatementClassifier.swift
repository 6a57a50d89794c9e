/// Reads a statement and says what it does to its session.
///
/// It looks at words in their places: the name of a column, a text in a string or a comment are not taken for a command. What
/// happens in functions cannot be seen from here, except in the body of a `DO`.
package struct StatementClassifier {
    /// Which statements can stand in a text.
    enum Language {
        case sql
        /// The body of a `DO`: there `EXECUTE`, `DECLARE`, `BEGIN` and `FETCH` are not those of SQL.
        case procedural
    }

    let language: Language
    var tokens: SQLTokenizer
    var result = StatementClass()

    // What is known of the statement that is being read.
    /// How many statements have begun.
    var statements = 0
    var isAtStart = true
    var command: SQLWord?
    /// Whether a `CREATE` makes something that can be filled from a query, and whether it is.
    var createsTable = false
    var createsFromQuery = false
    var createsTemporary = false
    /// How many words of `ON COMMIT DROP` were the last ones.
    var commitWords = 0
    var previousIsWith = false
    var depth = 0

    /// Classifies a text.
    ///
    /// - Parameter bytes: the text in UTF-8.
    /// - Returns: the traits of all statements in it.
    package static func classify(_ bytes: Span<UInt8>) -> StatementClass {
        var classifier = StatementClassifier(language: .sql, tokens: SQLTokenizer())
        classifier.read(bytes)
        if bytes.count > StatementTraits.multiplexedTextSize { classifier.result.traits.insert(.oversized) }
        return classifier.result
    }

    private init(language: Language, tokens: SQLTokenizer) {
        self.language = language
        self.tokens = tokens
    }

    private mutating func read(_ bytes: Span<UInt8>) {
        while let token = tokens.next(in: bytes) {
            note(token, bytes)
            switch token.kind {
            case .word, .quotedName:
                let isName = token.kind == .quotedName
                let word = Self.word(token, bytes, folded: !isName)
                // The options of EXPLAIN stand in brackets before the statement.
                if isAtStart, !isName, command != .explain || depth == 0 {
                    isAtStart = false
                    begin(word, bytes)
                } else {
                    isAtStart = false
                    if let word { go(on: word, isName: isName, bytes) }
                }
                if let word, word.isFunction, callsFunctions, peek(bytes).isOpeningBracket { call(word, bytes) }
            case .sign: sign(bytes[token.range.lowerBound])
            case .dollarString, .string:
                if command == .do { body(token, bytes) }
                isAtStart = false
            case .number, .parameter: isAtStart = false
            }
        }
        endStatement()
    }

    /// Adds a token to the fingerprint; literals count as such, whatever they are.
    private mutating func note(_ token: SQLToken, _ bytes: Span<UInt8>) {
        switch token.kind {
        case .word: result.fingerprint.combine(Self.hash(token.content, bytes, folded: true))
        case .quotedName: result.fingerprint.combine(Self.hash(token.content, bytes, folded: false))
        case .sign: result.fingerprint.combine(bytes[token.range.lowerBound])
        case .string, .dollarString, .number, .parameter: result.fingerprint.combine(0)
        }
    }

    private mutating func sign(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "("): depth += 1
        case UInt8(ascii: ")"): depth -= 1
        case UInt8(ascii: ";"):
            endStatement()
            isAtStart = true
            return
        default: break
        }
        isAtStart = command == .explain && depth == 0 && byte == UInt8(ascii: ")")
    }

    /// The statement is complete: whether its temporary table outlives the transaction is known now.
    private mutating func endStatement() {
        if createsTemporary {
            result.traits.insert(commitWords == 3 ? .temporaryObjectOfTransaction : .temporaryObject)
        }
        command = nil
        createsTable = false
        createsFromQuery = false
        createsTemporary = false
        commitWords = 0
        depth = 0
    }

    /// The body of a `DO` runs at once.
    private mutating func body(_ token: SQLToken, _ bytes: Span<UInt8>) {
        var inner = StatementClassifier(language: .procedural, tokens: SQLTokenizer())
        inner.read(bytes.extracting(token.content))
        result.traits.formUnion(inner.result.traits)
        // The body is a literal, but the only thing by which one DO differs from another.
        result.fingerprint.combine(inner.result.fingerprint)
    }
}

extension StatementClassifier {
    static func hash(_ range: Range<Int>, _ bytes: Span<UInt8>, folded: Bool) -> SQLHash {
        var hash = SQLHash()
        for index in range { hash.combine(folded ? bytes[index].lowercased : bytes[index]) }
        return hash
    }

    static func word(_ token: SQLToken, _ bytes: Span<UInt8>, folded: Bool) -> SQLWord? {
        SQLWord(hash(token.content, bytes, folded: folded))
    }

    /// The next token, without going on to it.
    func peek(_ bytes: Span<UInt8>) -> (word: SQLWord?, isOpeningBracket: Bool, isSign: Bool, isThere: Bool) {
        var ahead = tokens
        guard let token = ahead.next(in: bytes) else { return (nil, false, false, false) }
        let isSign = token.kind == .sign
        return (
            token.kind == .word ? Self.word(token, bytes, folded: true) : nil,
            isSign && bytes[token.range.lowerBound] == UInt8(ascii: "("), isSign, true
        )
    }

    /// Goes on to the next token if it is one of these words.
    mutating func skip(_ words: [SQLWord], _ bytes: Span<UInt8>) -> SQLWord? {
        guard let word = peek(bytes).word, words.contains(word), let token = tokens.next(in: bytes) else { return nil }
        result.fingerprint.combine(Self.hash(token.content, bytes, folded: true))
        return word
    }
}
