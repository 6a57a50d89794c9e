/// A day of the Gregorian calendar, which PostgreSQL extends to all times; the year 0 is 1 BC.
struct CivilDate: Hashable {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The day that is this many days after 2000-01-01.
    ///
    /// The calculation counts in eras of 400 years, which have 146,097 days, with years that begin in March, so that
    /// the leap day is the last one.
    init(daysSince2000 days: Int) {
        let shifted = days + 730_425
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The days from 2000-01-01 to this day.
    var daysSince2000: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 730_425
    }

    /// Whether the calendar has this day.
    var isValid: Bool {
        (1...12).contains(month) && day >= 1 && CivilDate(daysSince2000: daysSince2000) == self
    }

    /// The day in ISO style, without the era.
    var text: String {
        "\(fourDigits(year > 0 ? year : 1 - year))-\(twoDigits(month))-\(twoDigits(day))"
    }

    /// What PostgreSQL puts behind a date before the year 1.
    var era: String { year > 0 ? "" : " BC" }
}

/// The time of a day in ISO style, with as many digits of the second as needed.
func timeOfDayText(_ microseconds: Int64) -> String {
    let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let hours = seconds / 3600
    return "\(twoDigits(hours)):\(twoDigits(seconds / 60 % 60)):\(secondsText(seconds % 60, fraction))"
}

/// Seconds and microseconds, without zeros at the end.
func secondsText(_ seconds: some BinaryInteger, _ microseconds: Int64) -> String {
    guard microseconds != 0 else { return twoDigits(seconds) }
    var digits = String(String(1_000_000 + microseconds).dropFirst())
    while digits.last == "0" { digits.removeLast() }
    return twoDigits(seconds) + "." + digits
}

let microsecondsPerDay: Int64 = 86_400_000_000
