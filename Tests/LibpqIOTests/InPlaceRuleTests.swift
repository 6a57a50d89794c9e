import Foundation
import Testing

@testable import LibpqIO

@Suite struct InPlaceRuleTests {
    private let microsecond: Int64 = 1000
    private let millisecond: Int64 = 1_000_000

    @Test(arguments: [
        (average: 0, alone: true, withOthers: true), (average: 299, alone: true, withOthers: true),
        (average: 300, alone: false, withOthers: true), (average: 999, alone: false, withOthers: true),
        (average: 1000, alone: false, withOthers: false), (average: 20_000, alone: false, withOthers: false),
    ])
    func `a quick answer is waited for in place, one of a near server where others find a thread, a slow one never`(
        average: Int64,
        alone: Bool,
        withOthers: Bool
    ) {
        #expect(InPlaceRule.allowsWait(average: average * microsecond, sparesThread: false) == alone)
        #expect(InPlaceRule.allowsWait(average: average * microsecond, sparesThread: true) == withOthers)
    }

    @Test func `for a quick answer nobody asks whether there are other threads, which costs more than to know`() {
        var wasAsked = false
        func ask() -> Bool {
            wasAsked = true
            return true
        }
        // Not in the expectation, which would look at every part of it.
        let isAllowed = InPlaceRule.allowsWait(average: 20 * microsecond, sparesThread: ask())
        #expect(isAllowed && !wasAsked)
    }

    @Test func `without a pause the others have their turn after 32 answers, not before 1 ms nor after 5`() {
        let times = [(0, 1000), (20, 1000), (31, 1000), (80, 2560), (200, 5000), (700, 5000)]
        for (average, interval) in times.map({ (Int64($0) * microsecond, Int64($1) * microsecond) }) {
            let now = 1_000_000 * millisecond
            func turn(after time: Int64) -> InPlaceRule.Turn {
                InPlaceRule.turn(at: now, last: now - time, lastWait: now - 10, average: average)
            }
            #expect(turn(after: 0) == .own)
            #expect(turn(after: interval) == .own)
            #expect(turn(after: interval + 1) == .others)
        }
    }

    @Test func `after a pause nobody is made to give way: a request that queries once is not handed around for it`() {
        let now = 1_000_000 * millisecond
        func turn(pause: Int64) -> InPlaceRule.Turn {
            InPlaceRule.turn(at: now, last: 0, lastWait: now - pause, average: 20 * microsecond)
        }
        #expect(turn(pause: 5 * millisecond) == .others)
        #expect(turn(pause: 5 * millisecond + 1) == .ownAnew)
        // The first of a process.
        #expect(InPlaceRule.turn(at: now, last: 0, lastWait: 0, average: 0) == .ownAnew)
    }

    @Test func `one slow answer is felt for as long as it takes to be outweighed`() {
        var pace = AnswerPace()
        pace.record(20 * microsecond)
        #expect(pace.average == 20 * microsecond && pace.quickest == 20 * microsecond)
        pace.record(20 * millisecond)
        #expect(!InPlaceRule.allowsWait(average: pace.average, sparesThread: true))
        var quickOnes = 0
        while !InPlaceRule.allowsWait(average: pace.average, sparesThread: false) {
            pace.record(20 * microsecond)
            quickOnes += 1
        }
        #expect((10...20).contains(quickOnes))
        #expect(pace.quickest == 20 * microsecond)
    }

    @Test func `a connect is waited for where others find a thread, its answers say nothing of those after it`() {
        var pace = AnswerPace(isConnecting: true)
        for answer in [40 * microsecond, 3 * millisecond, 4 * millisecond] { pace.record(answer) }
        #expect(!InPlaceRule.allowsWait(average: pace.average, sparesThread: false))
        #expect(InPlaceRule.allowsWait(average: pace.average, sparesThread: true))
        #expect(pace.quickest == 40 * microsecond)
        // Nothing in all the time that a wait in place may take: this server is too busy for that.
        pace.record(InPlaceRule.limit)
        #expect(!InPlaceRule.allowsWait(average: pace.average, sparesThread: true))
        pace.connected()
        #expect(pace.average == 0 && pace.quickest == 40 * microsecond)
        pace.record(80 * microsecond)
        #expect(pace.average == 80 * microsecond)
    }

    @Test func `the CPUs are counted`() {
        #expect(processorCount >= ProcessInfo.processInfo.activeProcessorCount)
    }

    @Test func `a task that prefers an executor is told apart`() async {
        #expect(!CurrentTask.hasExecutorPreference)
        await withTaskExecutorPreference(SocketWaiter.shared.executor) {
            #expect(CurrentTask.hasExecutorPreference)
        }
        #expect(!CurrentTask.hasExecutorPreference)
    }
}
