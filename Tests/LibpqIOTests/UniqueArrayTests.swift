import LibpqIO
import Synchronization
import Testing

@Suite struct `A list of values with one owner` {
    /// Counts those of its kind that are there.
    private struct Guest: ~Copyable {
        let number: Int
        private let register: Register

        init(_ number: Int, _ register: Register) {
            self.number = number
            self.register = register
            register.count.add(1, ordering: .relaxed)
        }

        deinit { register.count.subtract(1, ordering: .relaxed) }
    }

    private final class Register: Sendable {
        let count = Atomic(0)
        var guests: Int { count.load(ordering: .relaxed) }
    }

    @Test(arguments: 0...17)
    func `keeps each in its place while it grows, and ends each once`(count: Int) {
        let register = Register()
        do {
            var list = UniqueArray<Guest>()
            for number in 0..<count { list.append(Guest(number, register)) }
            #expect(list.count == count && register.guests == count)
            for number in 0..<count { #expect(list[number].number == number) }
        }
        #expect(register.guests == 0)
    }

    @Test func `ends the one whose place another takes`() {
        let register = Register()
        var list = UniqueArray<Guest>()
        for number in 0..<3 { list.append(Guest(number, register)) }
        list[1] = Guest(7, register)
        #expect(register.guests == 3)
        #expect(list[1].number == 7 && list[2].number == 2)
    }

    @Test func `gives all away in order, and can be filled again`() {
        let register = Register()
        var list = UniqueArray<Guest>()
        for number in 0..<5 { list.append(Guest(number, register)) }
        var numbers: [Int] = []
        list.drain { guest in numbers.append(guest.number) }
        #expect(numbers == [0, 1, 2, 3, 4])
        #expect(list.count == 0 && register.guests == 0)
        list.append(Guest(9, register))
        #expect(list[0].number == 9)
    }

    @Test func `a box gives its value up without ending it`() {
        let register = Register()
        let guest = UniqueBox(Guest(4, register)).take()
        #expect(register.guests == 1)
        #expect(guest.number == 4)
    }
}
