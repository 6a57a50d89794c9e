import Foundation
import Testing
import Vernal
import VernalTestKit

/// Bytes that no server should send make the decoders throw, never trap.
struct TypesFuzzTests {
    private static let types: [PostgresType] = [
        .bool, .int2, .int4, .int8, .oid, .float4, .float8, .numeric, .text, .bytea, .uuid, .date, .time, .timetz,
        .timestamp,
        .timestamptz, .interval, .inet, .cidr, .macaddr, .macaddr8, .bit, .varbit, .json, .jsonb, .xml,
        PostgresType(oid: 1007), PostgresType(oid: 1009), PostgresType(oid: 1231), PostgresType(oid: 99_999),
    ]

    private func attack<T: PostgresDecodable>(_ target: T.Type) {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("fuzzing \(T.self) with seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let lengths = [0, 1, 2, 3, 4, 7, 8, 9, 10, 12, 16, 20, 24, 32, 60]
        for round in 0..<100_000 {
            var bytes = (0..<lengths[round % lengths.count]).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            // Often small numbers and printable characters: they get further into the decoders.
            for index in bytes.indices {
                switch round / lengths.count % 4 {
                case 0: break
                case 1: bytes[index] &= bytes[index] & 1
                case 2: bytes[index] = UInt8(ascii: "0") + bytes[index] % 12
                default: if index % 4 != 3 { bytes[index] = 0 } else { bytes[index] %= 20 }
                }
            }
            if round % 7 == 0, let first = "{\"\\,[-.+: \u{1}".utf8.randomElement(using: &generator), !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &generator)] = first
                bytes[0] = UInt8(ascii: "{")
                bytes[bytes.count - 1] = UInt8(ascii: "}")
            }
            let type = Self.types[Int.random(in: Self.types.indices, using: &generator)]
            let format: PostgresFormat = round % 5 == 0 ? .text : .binary
            do { _ = try T.decode(bytes.span, type: type, format: format) } catch {}
        }
    }

    @Test func `integers from any bytes`() {
        attack(Int.self)
        attack(UInt8.self)
    }

    @Test func `Booleans from any bytes`() {
        attack(Bool.self)
    }

    @Test func `floating-point numbers from any bytes`() {
        attack(Double.self)
        attack(Float.self)
    }

    @Test func `Decimal from any bytes`() {
        attack(Decimal.self)
    }

    @Test func `String from any bytes`() {
        attack(String.self)
    }

    @Test func `bytes from any bytes`() {
        attack([UInt8].self)
        attack(Data.self)
    }

    @Test func `UUID from any bytes`() {
        attack(UUID.self)
    }

    @Test func `Date from any bytes`() {
        attack(Date.self)
    }

    @Test func `arrays from any bytes`() {
        attack([Int?].self)
        attack([String?].self)
        attack([Decimal?].self)
    }

    @Test func `JSON from any bytes`() {
        attack(PostgresJSON<[Int]>.self)
    }

}
