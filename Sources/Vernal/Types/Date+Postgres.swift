import LibpqIO

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Seconds from PostgreSQL's 2000-01-01 back to Foundation's 2001-01-01: 2000 was a leap year.
private let secondsBetweenEpochs = 366.0 * 86_400

extension Date: PostgresCodable {
    /// `timestamptz`.
    ///
    /// In a column of type `timestamp` the server stores the local time of the session's time zone: prefer `timestamptz`.
    public static var postgresType: PostgresType { .timestamptz }

    /// Writes a `timestamptz`, rounded to microseconds.
    public func encode(into encoder: inout PostgresEncoder) throws {
        encoder.append(try microsecondsSince2000())
    }

    /// Reads `timestamptz`, `timestamp` (taken as UTC) or `date` (midnight UTC); an infinite one is an error.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Date {
        switch (type, format) {
        case (.timestamptz, .binary), (.timestamp, .binary):
            try bytes.requireCount(8)
            let microseconds: Int64 = bytes.bigEndian()
            guard microseconds != .max, microseconds != .min else { throw isInfinite }
            return Date(microsecondsSince2000: microseconds)
        case (.date, .binary):
            try bytes.requireCount(4)
            let days: Int32 = bytes.bigEndian()
            guard days != .max, days != .min else { throw isInfinite }
            return Date(timeIntervalSinceReferenceDate: Double(days) * 86_400 - secondsBetweenEpochs)
        case (.timestamptz, .text), (.timestamp, .text), (.date, .text):
            let text = try bytes.text()
            guard text != "infinity", text != "-infinity" else { throw isInfinite }
            guard let microseconds = TimestampParser.microseconds(text) else {
                throw DecodingFailure(reason: "the value is not printed in ISO style; set DateStyle to ISO")
            }
            return Date(microsecondsSince2000: microseconds)
        default:
            throw DecodingFailure.wrongType()
        }
    }

    private static let isInfinite = DecodingFailure(
        reason: "the value is infinite, which Date cannot hold; read it as String, or filter it with isfinite()"
    )

    /// The date that is this many microseconds after 2000-01-01 00:00:00 UTC.
    init(microsecondsSince2000 microseconds: Int64) {
        let (shifted, overflows) = microseconds.subtractingReportingOverflow(Int64(secondsBetweenEpochs) * 1_000_000)
        // Up to 285 years off a Double holds them all, and is rounded once.
        if !overflows, shifted.magnitude <= 1 << 53 {
            self.init(timeIntervalSinceReferenceDate: Double(shifted) / 1_000_000)
            return
        }
        // Two steps, as the microseconds of a date further away have more bits than a Double.
        let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        self.init(timeIntervalSinceReferenceDate: Double(seconds) - secondsBetweenEpochs + Double(fraction) / 1_000_000)
    }

    /// The microseconds since 2000-01-01 00:00:00 UTC, if PostgreSQL has such a time.
    func microsecondsSince2000() throws(EncodingFailure) -> Int64 {
        let interval = timeIntervalSinceReferenceDate
        // From 4714-11-24 BC to the end of 294276.
        guard interval >= -211_845_110_400, interval < 9_223_371_331_200 - secondsBetweenEpochs else {
            throw EncodingFailure(reason: "the Date is outside of the years 4714 BC to 294276, or is no number")
        }
        let seconds = interval.rounded(.down)
        let fraction = ((interval - seconds) * 1_000_000).rounded()
        return (Int64(seconds) + Int64(secondsBetweenEpochs)) * 1_000_000 + Int64(fraction)
    }
}
