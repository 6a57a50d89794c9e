import LibpqIO

/// The text of a date, a time or an interval, as PostgreSQL prints it in ISO style and UTC.
func timeText(_ bytes: Span<UInt8>, _ type: PostgresType) throws(DecodingFailure) -> String {
    switch type {
    case .date:
        try bytes.requireCount(4)
        let days: Int32 = bytes.bigEndian()
        if days == .max { return "infinity" }
        if days == .min { return "-infinity" }
        let date = CivilDate(daysSince2000: Int(days))
        return date.text + date.era
    case .timestamp, .timestamptz:
        try bytes.requireCount(8)
        return timestampText(bytes.bigEndian(), zone: type == .timestamptz ? "+00" : "")
    case .time:
        try bytes.requireCount(8)
        return timeOfDayText(try timeOfDay(bytes))
    case .timetz:
        try bytes.requireCount(12)
        return timeOfDayText(try timeOfDay(bytes)) + zoneText(secondsWest: bytes.bigEndian(at: 8))
    case .interval:
        try bytes.requireCount(16)
        return intervalText(
            microseconds: bytes.bigEndian(),
            days: bytes.bigEndian(at: 8),
            months: bytes.bigEndian(at: 12)
        )
    default:
        throw .wrongType()
    }
}

/// The text of microseconds since 2000-01-01 00:00:00.
func timestampText(_ microseconds: Int64, separator: String = " ", zone: String) -> String {
    if microseconds == .max { return "infinity" }
    if microseconds == .min { return "-infinity" }
    var (days, time) = microseconds.quotientAndRemainder(dividingBy: microsecondsPerDay)
    if time < 0 { (days, time) = (days - 1, time + microsecondsPerDay) }
    let date = CivilDate(daysSince2000: Int(days))
    return date.text + separator + timeOfDayText(time) + zone + date.era
}

private func timeOfDay(_ bytes: Span<UInt8>) throws(DecodingFailure) -> Int64 {
    let microseconds: Int64 = bytes.bigEndian()
    // 24:00:00 is a valid time of PostgreSQL.
    guard (0...microsecondsPerDay).contains(microseconds) else { throw .malformed }
    return microseconds
}

private func zoneText(secondsWest: Int32) -> String {
    let seconds = secondsWest.magnitude
    var text = (secondsWest > 0 ? "-" : "+") + twoDigits(seconds / 3600)
    if seconds % 3600 != 0 { text += ":" + twoDigits(seconds / 60 % 60) }
    if seconds % 60 != 0 { text += ":" + twoDigits(seconds % 60) }
    return text
}

/// An interval in the style `postgres`, for example `1 year 2 mons -3 days +04:05:06.7`.
private func intervalText(microseconds: Int64, days: Int32, months: Int32) -> String {
    var parts: [String] = []
    var isAfterNegative = false
    for (value, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] where value != 0 {
        let sign = isAfterNegative && value > 0 ? "+" : ""
        parts.append("\(sign)\(value) \(unit)\(value == 1 ? "" : "s")")
        isAfterNegative = value < 0
    }
    if microseconds != 0 || parts.isEmpty {
        let sign = microseconds < 0 ? "-" : isAfterNegative ? "+" : ""
        let (seconds, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let clock = "\(twoDigits(seconds / 3600)):\(twoDigits(seconds / 60 % 60))"
        parts.append("\(sign)\(clock):\(secondsText(seconds % 60, Int64(fraction)))")
    }
    return parts.joined(separator: " ")
}
