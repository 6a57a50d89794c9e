/// One word, literal or sign of a statement, and where it is: nothing is copied out of the text.
package struct SQLToken: Sendable, Hashable {
    /// What a token is, as far as that matters to those who look for words.
    package enum Kind: Sendable, Hashable {
        /// A keyword, or a name without quotes.
        case word
        /// A name in double quotes, also `U&"…"`.
        case quotedName
        /// A string in any spelling: `'…'`, `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`.
        case string
        /// A string between two equal `$tag$`.
        case dollarString
        case number
        /// `$1`, `$2`, ….
        case parameter
        /// One character of anything else: of an operator, a bracket, a comma, a semicolon; and `..`.
        case sign
    }

    package let kind: Kind
    /// The bytes of the token, with quotes.
    package let range: Range<Int>
    /// The bytes between the quotes; for tokens without quotes the same as `range`.
    package let content: Range<Int>
    /// Whether the text ended before the closing quote came.
    package let isUnterminated: Bool

    init(_ kind: Kind, _ range: Range<Int>, content: Range<Int>? = nil, isUnterminated: Bool = false) {
        self.kind = kind
        self.range = range
        self.content = content ?? range
        self.isUnterminated = isUnterminated
    }
}
