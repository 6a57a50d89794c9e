import LibpqIO

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A `numeric` as the server sends it: digits to the base of 10,000, the first of which counts 10,000 to the power of
/// `weight`, and the number of decimal digits after the point.
struct NumericValue {
    enum Kind: UInt16 {
        case positive = 0x0000
        case negative = 0x4000
        case notANumber = 0xC000
        case infinity = 0xD000
        case negativeInfinity = 0xF000
    }

    var kind: Kind
    var weight: Int
    var scale: Int
    var digits: [UInt16]

    init(binary bytes: Span<UInt8>) throws(DecodingFailure) {
        guard bytes.count >= 8 else { throw .malformed }
        let count = Int(bytes.bigEndian(at: 0, as: UInt16.self))
        guard let kind = Kind(rawValue: bytes.bigEndian(at: 4)), bytes.count == 8 + 2 * count else {
            throw .malformed
        }
        self.kind = kind
        weight = Int(bytes.bigEndian(at: 2, as: Int16.self))
        scale = Int(bytes.bigEndian(at: 6, as: UInt16.self))
        digits = []
        digits.reserveCapacity(count)
        for index in 0..<count {
            let digit = bytes.bigEndian(at: 8 + 2 * index, as: UInt16.self)
            guard digit < 10_000 else { throw .malformed }
            digits.append(digit)
        }
    }

    /// Reads plain digits with a point, as both PostgreSQL and `Decimal` print them; `nil` for anything else.
    init?(text: some StringProtocol) {
        var integer: [UInt8] = []
        var fraction: [UInt8] = []
        var rest = text.utf8[...]
        kind = rest.first == UInt8(ascii: "-") ? .negative : .positive
        if kind == .negative { rest.removeFirst() }
        var afterPoint = false
        for character in rest {
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if afterPoint { fraction.append(character - 48) } else { integer.append(character - 48) }
            case UInt8(ascii: ".") where !afterPoint: afterPoint = true
            default: return nil
            }
        }
        guard !integer.isEmpty || !fraction.isEmpty else { return nil }
        scale = fraction.count
        // Groups of four start at the point.
        integer.insert(contentsOf: repeatElement(0, count: (4 - integer.count % 4) % 4), at: 0)
        fraction.append(contentsOf: repeatElement(0, count: (4 - fraction.count % 4) % 4))
        weight = integer.count / 4 - 1
        let all = integer + fraction
        digits = stride(from: 0, to: all.count, by: 4).map { start in
            all[start..<(start + 4)].reduce(0) { $0 * 10 + UInt16($1) }
        }
        while digits.first == 0 {
            digits.removeFirst()
            weight -= 1
        }
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { (kind, weight) = (.positive, 0) }
    }

    /// The number as PostgreSQL prints it.
    var text: String {
        switch kind {
        case .notANumber: return "NaN"
        case .infinity: return "Infinity"
        case .negativeInfinity: return "-Infinity"
        case .positive, .negative: break
        }
        func group(_ power: Int) -> String {
            let index = weight - power
            return digits.indices.contains(index) ? fourDigits(digits[index]) : "0000"
        }
        var text = kind == .negative ? "-" : ""
        if weight < 0 {
            text += "0"
        } else {
            text += digits.first.map { String($0) } ?? "0"
            for power in stride(from: weight - 1, through: 0, by: -1) { text += group(power) }
        }
        guard scale > 0 else { return text }
        var fraction = ""
        for power in 1...((scale + 3) / 4) { fraction += group(-power) }
        return text + "." + fraction.prefix(scale)
    }

    private static let tooLong = DecodingFailure(
        reason: "the value has more digits than Decimal can hold; read it as String"
    )

    private func times10(_ mantissa: UInt128) throws(DecodingFailure) -> UInt128 {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
        guard !overflow else { throw Self.tooLong }
        return product
    }

    /// The number as a `Decimal`, if that can hold every digit of it.
    func decimal() throws(DecodingFailure) -> Decimal {
        guard kind == .positive || kind == .negative else {
            throw DecodingFailure(reason: "the value is NaN or infinite, which Decimal cannot hold; read it as String")
        }
        var mantissa: UInt128 = 0
        var exponent = 4 * (weight + 1)
        // Zeros are held back until a digit follows them, so that those at the end take no room.
        var zeros = 0
        for group in digits {
            for divisor: UInt16 in [1000, 100, 10, 1] {
                let digit = group / divisor % 10
                exponent -= 1
                guard digit != 0 else {
                    zeros += 1
                    continue
                }
                for _ in 0...zeros { mantissa = try times10(mantissa) }
                let (sum, overflow) = mantissa.addingReportingOverflow(UInt128(digit))
                guard !overflow else { throw Self.tooLong }
                mantissa = sum
                zeros = 0
            }
        }
        guard mantissa != 0 else { return 0 }
        exponent += zeros
        // A Decimal has exponents from -128 to 127.
        while exponent > 127 {
            mantissa = try times10(mantissa)
            exponent -= 1
        }
        guard exponent >= -128 else { throw Self.tooLong }
        var significand = Decimal(UInt64(truncatingIfNeeded: mantissa))
        let high = UInt64(truncatingIfNeeded: mantissa >> 64)
        if high != 0 { significand += Decimal(high) * Decimal(sign: .plus, exponent: 0, significand: twoToThe64) }
        let sign: FloatingPointSign = kind == .negative ? .minus : .plus
        let value = Decimal(sign: sign, exponent: exponent, significand: significand)
        if value.isFinite { return value }
        // That initializer gives up where the exponent alone would not fit, even if zeros of the significand could
        // make up for it.
        guard let value = Decimal(string: "\(sign == .minus ? "-" : "")\(mantissa)e\(exponent)"), value.isFinite else {
            throw Self.tooLong
        }
        return value
    }
}

private let twoToThe64 = Decimal(UInt64.max) + 1

extension Decimal: PostgresCodable {
    /// `numeric`.
    public static var postgresType: PostgresType { .numeric }

    /// Writes a `numeric` with every digit; NaN is an error.
    public func encode(into encoder: inout PostgresEncoder) throws {
        guard isFinite, let value = NumericValue(text: description) else {
            throw EncodingFailure(reason: "the Decimal is no number; bind the text \"NaN\" if it is meant")
        }
        encoder.append(UInt16(value.digits.count))
        encoder.append(Int16(value.weight))
        encoder.append(value.kind.rawValue)
        encoder.append(UInt16(value.scale))
        for digit in value.digits { encoder.append(digit) }
    }

    /// Reads a `numeric` or an integer, without loss of a digit.
    public static func decode(_ bytes: Span<UInt8>, type: PostgresType, format: PostgresFormat) throws -> Decimal {
        switch (type, format) {
        case (.numeric, .binary): return try NumericValue(binary: bytes).decimal()
        case (.numeric, .text):
            guard let value = NumericValue(text: try bytes.text()) else {
                throw DecodingFailure(reason: "the value is no number that Decimal can hold; read it as String")
            }
            return try value.decimal()
        case (.float4, _), (.float8, _):
            throw DecodingFailure.wrongType("read it as Double, or cast it in the query: `::numeric`")
        default: return Decimal(try integer(bytes, type, format))
        }
    }
}
