/// A point in time as RFC 3339 writes it, such as `2026-01-31T13:30:00.250+01:00`, with any number of decimals or none.
///
/// Foundation's styles take either times with decimals or times without, and JSON from elsewhere has both.
struct InternetTime: Equatable {
    /// The seconds since the beginning of 1970 in UTC.
    let secondsSince1970: Double

    /// Reads a time; `nil` when the text is none.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        guard let year = Self.number(&rest, 4), Self.take(&rest, "-"),
            let month = Self.number(&rest, 2, 1...12), Self.take(&rest, "-"),
            let day = Self.number(&rest, 2, 1...Self.days(in: month, of: year)), Self.take(&rest, "T", "t"),
            let hour = Self.number(&rest, 2, 0...23), Self.take(&rest, ":"),
            let minute = Self.number(&rest, 2, 0...59), Self.take(&rest, ":"),
            let second = Self.number(&rest, 2, 0...60)
        else { return nil }
        var fraction = 0.0
        if Self.take(&rest, ".") {
            let digits = rest.prefix { Self.isDigit($0) }
            guard let value = Double("0." + String(decoding: digits, as: UTF8.self)), !digits.isEmpty else {
                return nil
            }
            fraction = value
            rest = rest.dropFirst(digits.count)
        }
        guard let offset = Self.offset(&rest), rest.isEmpty else { return nil }
        let days = Self.daysSince1970(year, month, day)
        secondsSince1970 = Double(days * 86400 + hour * 3600 + minute * 60 + second - offset) + fraction
    }

    /// The seconds by which the place is ahead of UTC: `Z`, `+01:00` or `-01:00`.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
        if take(&rest, "Z", "z") { return 0 }
        let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
        guard take(&rest, "+", "-"), let hours = number(&rest, 2, 0...23), take(&rest, ":"),
            let minutes = number(&rest, 2, 0...59)
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    private static func number(
        _ rest: inout ArraySlice<UInt8>,
        _ count: Int,
        _ range: ClosedRange<Int> = 0...9999
    ) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(count)
        let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return range.contains(number) ? number : nil
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ allowed: Unicode.Scalar...) -> Bool {
        guard let byte = rest.first, allowed.contains(Unicode.Scalar(byte)) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Howard Hinnant's days_from_civil: years begin in March, eras have 400 of them.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
