extension String {
    /// The text with some of its scalars written in another way.
    ///
    /// By scalars, not characters: a quote with a combining mark behind it, or one of the scalars that join what follows in front
    /// of it, is another `Character` than a quote. To whoever reads the bytes it is a quote.
    package func escaping(_ replacement: (Unicode.Scalar) -> String?) -> String {
        var result = ""
        for scalar in unicodeScalars {
            if let replacement = replacement(scalar) {
                result.unicodeScalars.append(contentsOf: replacement.unicodeScalars)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text as a quoted name in SQL: upper and lower case count, and nothing in it ends the name.
    package var quotedAsName: String { "\"" + escaping { $0 == "\"" ? "\"\"" : nil } + "\"" }
}
