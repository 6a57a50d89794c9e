import HTTPTypes
import Testing
import VernalHost

@Suite struct ResponseFramingTests {
    private func frame(
        _ request: ResponseFraming.Request,
        status: Int = 200,
        bytes: Int?,
        declared: Int? = nil,
        closing: Bool = false
    ) -> ResponseFraming {
        ResponseFraming(
            status: status,
            contentBytes: bytes,
            declaredLength: declared,
            request: request,
            closing: closing
        )
    }

    private let get = ResponseFraming.Request(method: .get, isHTTP10: false, keepsAlive: true)
    private let head = ResponseFraming.Request(method: .head, isHTTP10: false, keepsAlive: true)
    private let old = ResponseFraming.Request(method: .get, isHTTP10: true, keepsAlive: true)

    @Test func `content has its length, and a stream has chunks`() {
        let known = frame(get, bytes: 5)
        #expect(known.contentLength == 5 && known.sendsContent && !known.isChunked && !known.closes)
        let stream = frame(get, bytes: nil, declared: 7)
        #expect(stream.contentLength == nil && stream.sendsContent && stream.isChunked && !stream.closes)
        #expect(frame(get, bytes: 0).contentLength == 0)
    }

    @Test(arguments: [204, 304]) func `a status without content has no framing at all`(status: Int) {
        for bytes in [nil, 0, 5] {
            let framing = frame(get, status: status, bytes: bytes, declared: 5)
            #expect(framing.contentLength == nil && !framing.sendsContent && !framing.isChunked)
        }
    }

    @Test func `205 has a length of zero`() {
        let framing = frame(get, status: 205, bytes: 5)
        #expect(framing.contentLength == 0 && !framing.sendsContent)
    }

    @Test func `HEAD has the length of GET and no content`() {
        #expect(frame(head, bytes: 5).contentLength == 5)
        #expect(frame(head, bytes: 0, declared: 9).contentLength == 9)
        #expect(frame(head, bytes: nil).contentLength == nil)
        #expect(!frame(head, bytes: 5).sendsContent && !frame(head, bytes: nil).sendsContent)
        #expect(!frame(head, bytes: nil).isChunked)
    }

    @Test func `HTTP 1_0 gets no chunks and is closed`() {
        let stream = frame(old, bytes: nil)
        #expect(stream.sendsContent && !stream.isChunked && stream.closes)
        #expect(frame(old, bytes: 3).closes)
    }

    @Test func `the connection is closed when either side wants it`() {
        var last = get
        last.keepsAlive = false
        #expect(frame(last, bytes: 1).closes)
        #expect(frame(get, bytes: 1, closing: true).closes)
    }
}

@Suite struct HostStateTests {
    private let start = ContinuousClock.now

    private func expectAdmission(
        _ state: inout HostState,
        _ now: ContinuousClock.Instant,
        _ expected: HostState.Admission,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let admission = state.invocationArrived(at: now)
        #expect(admission == expected, sourceLocation: location)
    }

    @Test func `only the first invocation is a cold start`() {
        var state = HostState()
        expectAdmission(&state, start, .admitted(isColdStart: true, gap: nil))
        expectAdmission(&state, start, .admitted(isColdStart: false, gap: nil))
        #expect(state.inFlight == 2)
    }

    @Test func `idle is reached when the last of several ends`() {
        var state = HostState()
        _ = state.invocationArrived(at: start)
        _ = state.invocationArrived(at: start)
        let isIdle = [state.invocationEnded(at: start), state.invocationEnded(at: start)]
        #expect(isIdle == [false, true])
    }

    @Test func `a gap is reported when it is long, and to the first invocation only`() {
        var state = HostState()
        _ = state.invocationArrived(at: start)
        _ = state.invocationEnded(at: start)
        expectAdmission(&state, start + .seconds(1), .admitted(isColdStart: false, gap: nil))
        _ = state.invocationEnded(at: start + .seconds(2))
        let gap = Duration.milliseconds(1001)
        expectAdmission(&state, start + .seconds(2) + gap, .admitted(isColdStart: false, gap: gap))
        expectAdmission(&state, start + .seconds(9), .admitted(isColdStart: false, gap: nil))
    }

    @Test func `the limit refuses, and what ends makes room`() {
        var state = HostState(limit: 1)
        _ = state.invocationArrived(at: start)
        expectAdmission(&state, start, .overloaded)
        #expect(state.inFlight == 1)
        _ = state.invocationEnded(at: start)
        expectAdmission(&state, start, .admitted(isColdStart: false, gap: nil))
    }

    @Test func `draining still admits, stopped does not, and drain begins once`() {
        var state = HostState()
        let isFirst = [state.drainRequested(), state.drainRequested()]
        #expect(isFirst == [true, false])
        #expect(state.phase == .draining)
        expectAdmission(&state, start, .admitted(isColdStart: true, gap: nil))
        state.graceEnded()
        expectAdmission(&state, start, .stopped)
        let mayFreeze = state.invocationEnded(at: start)
        #expect(!mayFreeze && state.inFlight == 0)
        let isFirstAgain = state.drainRequested()
        #expect(!isFirstAgain && state.phase == .stopped)
    }
}
