import Testing
import Vernal

struct VernalErrorTests {
    @Test func `the description says what to act on and keeps values out`() {
        let error = VernalError(.server, "the server refused the statement") {
            $0.sqlState = .uniqueViolation
            $0.serverMessage = "duplicate key value violates unique constraint \"users_email_key\""
            $0.detail = "Key (email)=(x@y.z) already exists."
            $0.constraintName = "users_email_key"
            $0.statementWasSent = true
        }
        #expect(error.description.contains("SQLSTATE 23505"))
        #expect(error.description.contains("users_email_key"))
        var dumped = ""
        dump(error, to: &dumped)
        for text in [error.description, error.debugDescription, "\(error)", String(reflecting: error), dumped] {
            #expect(!text.contains("x@y.z"))
        }
        #expect(error.detail == "Key (email)=(x@y.z) already exists.")
        #expect(error.code == .server)
        #expect(!error.isRetryable)
    }

    @Test(arguments: [
        ("invalid input syntax for type integer: \"s3cret\"", "invalid input syntax for type integer: \"…\""),
        ("value \"s3\"cret\" is out of range for type integer", "value \"…\" is out of range for type integer"),
        ("division by zero", "division by zero"),
    ])
    func `values that data exceptions quote are left out`(message: String, shown: String) {
        let error = VernalError(.server, "failed") {
            $0.sqlState = "22P02"
            $0.serverMessage = message
        }
        #expect(error.description == "failed: \(shown) (SQLSTATE 22P02)")
        #expect(error.serverMessage == message)
    }

    @Test(arguments: [
        ("40001", true), ("40P01", true), ("08006", true), ("08001", true), ("53300", true), ("57P01", true),
        ("57P02", true), ("57P03", true), ("55P03", true), ("23505", false), ("42601", false), ("57014", false),
        ("28P01", false), ("08P01", false), ("25006", false), ("", false),
    ])
    func `what may succeed later is told by the SQLSTATE`(state: String, isRetryable: Bool) {
        let error = VernalError(.server, "failed") { $0.sqlState = SQLState(rawValue: state) }
        #expect(error.isRetryable == isRetryable)
    }

    @Test(arguments: [
        (VernalError.Code.poolExhausted, true), (.tooManyWaiters, true), (.connectFailed, true), (.throttled, true),
        (.timedOut, true), (.connectionLost, true), (.poolClosed, false), (.configuration, false), (.decoding, false),
        (.cancelled, false), (.unknownCommitOutcome, false), (.misuse, false), (.authenticationFailed, false),
    ])
    func `without a SQLSTATE the code tells`(code: VernalError.Code, isRetryable: Bool) {
        #expect(VernalError(code, "failed").isRetryable == isRetryable)
    }

    @Test func `a wait, the pool's counts and the last connect error are part of the sentence`() {
        let error = VernalError(.poolExhausted, "no connection became free within 5 s").with {
            $0.wait = .poolQueue
            $0.poolCounts = .init(size: 1, idle: 0, leased: 1, connecting: 0, waiting: 3, limit: 1)
            $0.lastConnectFailure = .init(message: "too many clients already", sqlState: .tooManyConnections)
        }
        #expect(
            error.description
                == "no connection became free within 5 s; while waiting for a free connection; pool: 1 of 1 connections: "
                + "1 leased, 0 idle, 0 connecting; 3 waiting; last connect error: too many clients already "
                + "(SQLSTATE 53300)"
        )
    }

    @Test func `a commit whose outcome is unknown is never retryable`() {
        let error = VernalError(.unknownCommitOutcome, "lost") { $0.sqlState = .adminShutdown }
        #expect(!error.isRetryable)
    }

    @Test func `an error is one pointer wide`() {
        #expect(MemoryLayout<VernalError>.size == MemoryLayout<Int>.size)
    }
}
