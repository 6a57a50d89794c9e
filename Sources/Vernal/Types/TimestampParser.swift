/// Reads dates and times in ISO style, as PostgreSQL prints them and as JSON has them.
struct TimestampParser {
    private var rest: ArraySlice<UInt8>

    /// The microseconds since 2000-01-01 00:00:00 UTC; `nil` for a text in another style.
    ///
    /// Read are texts such as `2024-02-29 12:34:56.789+01:30`, `0044-03-15 BC` and `2024-02-29T12:34:56Z`. Without a zone, it is UTC.
    static func microseconds(_ text: String) -> Int64? {
        var parser = TimestampParser(rest: Array(text.utf8)[...])
        return parser.parse()
    }

    private mutating func parse() -> Int64? {
        guard var year = number(4...7), skip("-"), let month = number(2...2), skip("-"), let day = number(2...2)
        else { return nil }
        var seconds = 0
        var fraction = 0
        if skip(" ", unlessBefore: "B") || skip("T") {
            guard let hour = number(2...2), skip(":"), let minute = number(2...2), skip(":"),
                let second = number(2...2), hour <= 24, minute < 60, second <= 60
            else { return nil }
            seconds = hour * 3600 + minute * 60 + second
            if skip(".") {
                let digits = rest.prefix { (48...57).contains($0) }
                guard !digits.isEmpty else { return nil }
                rest = rest.dropFirst(digits.count)
                for index in 0..<6 {
                    fraction = fraction * 10 + (index < digits.count ? Int(digits[digits.startIndex + index]) - 48 : 0)
                }
            }
            guard let east = zone() else { return nil }
            seconds -= east
        }
        if skip(" ") {
            guard skip("B"), skip("C") else { return nil }
            year = 1 - year
        }
        let date = CivilDate(year: year, month: month, day: day)
        guard rest.isEmpty, date.isValid else { return nil }
        let (whole, tooBig) = (date.daysSince2000 * 86_400 + seconds).multipliedReportingOverflow(by: 1_000_000)
        return tooBig ? nil : Int64(whole + fraction)
    }

    /// The seconds that the zone is east of UTC.
    private mutating func zone() -> Int? {
        if skip("Z") { return 0 }
        let isEast = skip("+")
        guard isEast || skip("-") else { return 0 }
        guard var seconds = number(2...2) else { return nil }
        seconds *= 3600
        if skip(":") {
            guard let minutes = number(2...2) else { return nil }
            seconds += minutes * 60
            if skip(":") {
                guard let more = number(2...2) else { return nil }
                seconds += more
            }
        }
        return isEast ? seconds : -seconds
    }

    private mutating func number(_ allowed: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { (48...57).contains($0) }.prefix(allowed.upperBound)
        guard allowed.contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    private mutating func skip(_ character: Unicode.Scalar, unlessBefore next: Unicode.Scalar? = nil) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        if let next, rest.dropFirst().first == UInt8(ascii: next) { return false }
        rest = rest.dropFirst()
        return true
    }
}
