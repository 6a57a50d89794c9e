import Testing
import VernalTestKit

@testable import LibpqIO

@Suite struct `Bytes of parameters` {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `are those that were appended, wherever they are kept`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = ParameterBytes()
        var expected: [UInt8] = []
        for _ in 0..<60 {
            let more = (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            switch Int.random(in: 0..<7, using: &random) {
            case 0:
                let word = UInt64.random(in: 0 ... .max, using: &random)
                let size = Int.random(in: 1...8, using: &random)
                bytes.append(word: word, size: size)
                expected += (0..<size).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
            case 1:
                bytes.append(contentsOf: more.span)
                expected += more
            case 2:
                bytes.append(contentsOf: more)
                expected += more
            case 3:
                // Its bytes do not stand one behind the other.
                bytes.append(contentsOf: more.lazy.filter { $0 > 99 })
                expected += more.filter { $0 > 99 }
            case 4:
                let count = Int.random(in: 0...expected.count, using: &random)
                bytes.truncate(to: count)
                expected.removeSubrange(count...)
            case 5 where !expected.isEmpty:
                let index = expected.indices.randomElement(using: &random) ?? 0
                bytes[index] = 7
                expected[index] = 7
            case 6 where expected.count >= 8:
                let offset = Int.random(in: 0...expected.count - 8, using: &random)
                bytes.replace(at: offset, word: 0x0807_0605_0403_0201)
                expected.replaceSubrange(offset..<offset + 8, with: [1, 2, 3, 4, 5, 6, 7, 8])
            default: break
            }
            #expect(bytes.count == expected.count)
            let found = bytes.withSpan { bytes in bytes.indices.map { bytes[$0] } }
            #expect(found == expected)
            #expect(expected.indices.allSatisfy { bytes[$0] == expected[$0] })
        }
    }

    /// What libpq would be given: type, bytes (`nil` for NULL), format.
    private struct Given: Equatable {
        var type: UInt32
        var value: [UInt8]?
        var format: Int32
    }

    private func given(_ parameters: StatementParameters) -> [Given] {
        unsafe parameters.withPointers { count, types, values, lengths, formats in
            (0..<Int(count)).map { index in
                unsafe Given(
                    type: types?[index] ?? 0,
                    value: values?[index].map { value in
                        unsafe (0..<Int(lengths?[index] ?? 0)).map { unsafe UInt8(bitPattern: Int8(value[$0])) }
                    },
                    format: formats?[index] ?? -1
                )
            }
        }
    }

    @Test(arguments: 0...9)
    func `reach libpq whole, however many there are`(count: Int) {
        var parameters = StatementParameters()
        var expected: [Given] = []
        for number in 0..<count {
            let type = UInt32(number + 20)
            switch number % 3 {
            case 0:
                parameters.appendBinary(type: type) { $0.append(word: UInt64(number), size: 8) }
                expected.append(Given(type: type, value: [UInt8(number), 0, 0, 0, 0, 0, 0, 0], format: 1))
            case 1:
                parameters.appendNull(type: type)
                expected.append(Given(type: type, value: nil, format: 1))
            default:
                let text = Array(repeating: UInt8(ascii: "x"), count: number * 3)
                parameters.appendText(type: type) { $0.append(contentsOf: text) }
                expected.append(Given(type: type, value: text, format: 0))
            }
        }
        #expect(parameters.count == count)
        #expect(given(parameters) == expected)
    }

    @Test func `an empty value is no NULL, and a text ends in a NUL`() {
        var parameters = StatementParameters()
        parameters.appendBinary(type: 17) { _ in }
        parameters.appendText(type: 25) { _ in }
        #expect(given(parameters) == [Given(type: 17, value: [], format: 1), Given(type: 25, value: [], format: 0)])
        let last = unsafe parameters.withPointers { _, _, values, _, _ in unsafe values?[1]?.pointee }
        #expect(last == 0)
    }

    @Test func `a value that cannot be encoded leaves nothing`() {
        struct Refusal: Error {}
        for size in [4, 400] {
            var parameters = StatementParameters()
            parameters.appendBinary(type: 20) { $0.append(word: 1, size: 8) }
            let before = (given(parameters), parameters.signature)
            #expect(throws: Refusal.self) {
                try parameters.append(type: 17) { bytes throws(Refusal) in
                    bytes.append(contentsOf: [UInt8](repeating: 9, count: size))
                    throw Refusal()
                }
            }
            #expect(given(parameters) == before.0 && parameters.signature == before.1)
            parameters.appendBinary(type: 21) { $0.append(word: 2, size: 2) }
            #expect(given(parameters).last == Given(type: 21, value: [2, 0], format: 1))
        }
    }

    @Test func `the signature is that of the types, in one go or not`() {
        func list(_ types: UInt32...) -> StatementParameters {
            var parameters = StatementParameters()
            for type in types { parameters.appendBinary(type: type) { $0.append(word: .random(in: 0...9), size: 1) } }
            return parameters
        }
        var joined = list(20, 25)
        joined.append(contentsOf: list(17, 20, 23, 20, 23))
        #expect(joined.signature == list(20, 25, 17, 20, 23, 20, 23).signature)
        #expect(given(joined).map(\.type) == [20, 25, 17, 20, 23, 20, 23])
        #expect(list(20, 25).signature != list(25, 20).signature)
        #expect(list().signature != list(0).signature)
    }
}
