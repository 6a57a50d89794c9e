import Testing
import VernalHost

@Suite(.timeLimit(.minutes(1))) struct LambdaDeadlineTimerTests {
    @Test func `each deadline is told when it has passed, unless what it is for was finished before`() async {
        let timer = DeadlineTimer()
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<300 {
                let passes = number.isMultiple(of: 3)
                // Late ones first and between, so that what is scheduled has to be overtaken.
                let time = Duration.milliseconds((number * 37) % 80 + (passes ? 0 : 60_000))
                group.addTask {
                    let deadline = ContinuousClock.now + time
                    let isOver = await withCheckedContinuation { continuation in
                        let id = timer.add(deadline, continuation)
                        if !passes { timer.finish(id) }
                    }
                    return isOver == passes && (ContinuousClock.now >= deadline) == passes
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test func `a deadline that has passed already is told at once, and what is finished twice is told once`() async {
        let timer = DeadlineTimer()
        for time in [Duration.zero, .seconds(-5), .milliseconds(1)] {
            let isOver = await withCheckedContinuation { continuation in
                _ = timer.add(.now + time, continuation)
            }
            #expect(isOver)
        }
        let isOver = await withCheckedContinuation { continuation in
            let id = timer.add(.now + .seconds(60), continuation)
            timer.finish(id)
            timer.finish(id)
        }
        #expect(!isOver)
    }
}
