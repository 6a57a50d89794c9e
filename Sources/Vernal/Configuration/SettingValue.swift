/// One setting as text, with the name under which the user wrote it, for the error when it cannot be read.
struct SettingValue {
    let name: String
    let text: String

    /// A whole number.
    func integer() throws(VernalError) -> Int {
        guard let value = Int(text) else { throw problem("write a whole number, such as 10") }
        return value
    }

    /// A number with or without a fraction.
    func number() throws(VernalError) -> Double {
        guard let value = Double(text), value.isFinite else { throw problem("write a number, such as 5 or 0.5") }
        return value
    }

    /// A yes or no, in the spellings that people use in URLs.
    func boolean() throws(VernalError) -> Bool {
        switch text.lowercased() {
        case "true", "1", "yes", "on": true
        case "false", "0", "no", "off": false
        default: throw problem("write true or false")
        }
    }

    /// A duration: `250ms`, `5s`, `15m`, `1h`; a bare number is seconds.
    func duration() throws(VernalError) -> Duration {
        let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        let unit = units.first { text.hasSuffix($0.suffix) } ?? ("", 1)
        let number = text.dropLast(unit.suffix.count)
        // Double() would also take "nan", "0x10" and "1e3", which nobody means in a duration.
        guard let first = number.utf8.first, (48...57).contains(first),
            number.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
            let value = Double(number), value * unit.seconds < 1e10
        else { throw problem("write a duration such as 250ms, 5s, 15m or 1h; a bare number is seconds") }
        return .seconds(value * unit.seconds)
    }

    /// One of a set of words.
    func choice<T>(_ choices: [(word: String, value: T)]) throws(VernalError) -> T {
        if let choice = choices.first(where: { $0.word.lowercased() == text.lowercased() }) { return choice.value }
        throw problem("write one of \(choices.map(\.word).joined(separator: ", "))")
    }

    private func problem(_ advice: String) -> VernalError {
        VernalError(.configuration, "\(name) is \"\(text)\": \(advice)")
    }
}
