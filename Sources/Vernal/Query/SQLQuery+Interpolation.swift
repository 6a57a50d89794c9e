extension SQLQuery: ExpressibleByStringInterpolation {
    /// Makes a statement without parameters.
    public init(stringLiteral value: String) {
        self.init(unsafeRaw: value)
    }

    /// Makes a statement from a string with interpolations.
    public init(stringInterpolation: consuming Interpolation) {
        self = stringInterpolation.query
    }

    /// Collects the text and binds what is interpolated.
    public struct Interpolation: StringInterpolationProtocol, Sendable {
        var query: SQLQuery

        /// Makes an empty one.
        public init(literalCapacity: Int, interpolationCount: Int) {
            // Most placeholders have two characters.
            query = SQLQuery(capacity: literalCapacity + 2 * interpolationCount)
        }

        /// Appends a part of the text.
        public mutating func appendLiteral(_ literal: String) {
            query.append(text: literal)
        }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            query.append(value: value)
        }

        // Without this one the compiler takes an optional for a mistake, as in an ordinary string.

        /// Binds a value; `nil` binds NULL.
        public mutating func appendInterpolation(_ value: (some PostgresEncodable)?) {
            query.append(value: value)
        }

        /// Binds NULL.
        public mutating func appendInterpolation(_ null: SQLNull) {
            query.appendNull()
        }

        /// Binds a value as `jsonb`; an optional that is `nil` is the `null` of JSON.
        public mutating func appendInterpolation(json value: some Encodable) {
            query.append(value: PostgresJSON(value))
        }

        /// Embeds another query with its parameters.
        public mutating func appendInterpolation(_ fragment: SQLQuery) {
            query.append(fragment)
        }

        /// Inserts a name in quotes, qualified if there are several: `\(identifier: "schema", "table")`.
        ///
        /// In quotes PostgreSQL tells capital from small letters. An empty name, or one with a NUL, is an error.
        public mutating func appendInterpolation(identifier names: String...) {
            query.append(identifiers: names)
        }

        /// Inserts a text as it is.
        ///
        /// Never use it for what comes from outside.
        public mutating func appendInterpolation(unsafeRaw text: String) {
            query.append(text: text)
        }
    }
}

/// The `nil` of `\(nil)`, whose type nothing else tells.
public struct SQLNull: ExpressibleByNilLiteral, Sendable {
    /// NULL.
    public init(nilLiteral: ()) {}
}
