import LibpqIO
import Moments
import Testing
import VernalTestKit

extension `libpq on a real server` {
    /// A host that is there and one that swallows packets; what accepts is gone on with.
    @Suite struct `A connect whose first host is slow to accept` {
        private func pair(_ first: Int, _ second: Int) throws -> ConnectionSettings {
            try settings(["host": "127.0.0.1,127.0.0.1", "port": "\(first),\(second)"])
        }

        @Test(arguments: Waiting.allCases)
        func `begins the next one beside it, and does not wait for the time limit`(waiting: Waiting) async throws {
            try await DeadEnds.withFullBacklog { dead in
                try await FaultProxy.run { good in
                    let took = try await time {
                        var connection = try await connect(pair(dead, good.port), waiting, timeout: .seconds(5))
                        #expect(try await connection.text("SELECT 'here'") == "here")
                    }
                    #expect(took >= ConnectAttempt.headStart && took < .seconds(2))
                    #expect(good.counts.connections == 1)
                }
            }
        }

        @Test func `finds out for a name that has to be resolved, too`() async throws {
            try await DeadEnds.withFullBacklog { dead in
                try await FaultProxy.run { good in
                    let took = try await time {
                        _ = try await connect(
                            settings(["host": "127.0.0.1,localhost", "port": "\(dead),\(good.port)"]),
                            timeout: .seconds(5)
                        )
                    }
                    #expect(took < .seconds(2))
                }
            }
        }

        @Test func `leaves the others alone when the first accepts, however long it takes to answer then`() async throws
        {
            try await FaultProxy.run(.latency(.milliseconds(150))) { slow in
                try await FaultProxy.run { other in
                    _ = try await connect(pair(slow.port, other.port), timeout: .seconds(5))
                    #expect(slow.counts.connections == 1)
                    #expect(other.counts.connections == 0)
                }
            }
        }

        @Test func `never tries one place twice at a time`() async throws {
            try await DeadEnds.withFullBacklog { dead in
                let took = try await time {
                    let error = try await connectError(pair(dead, dead), timeout: .milliseconds(400))
                    #expect(error.code == .timedOut)
                }
                // One time limit after the other.
                #expect(took >= .milliseconds(800) && took < .seconds(3))
            }
        }

        @Test func `has two of them under way at the most, and tells of all when none accepts`() async throws {
            try await DeadEnds.withFullBacklog { one in
                try await DeadEnds.withFullBacklog { two in
                    let took = try await time {
                        let error = try await connectError(pair(one, two), timeout: .milliseconds(500))
                        #expect(error.code == .timedOut)
                        #expect(error.phase == .transport)
                    }
                    // The second has its own time limit, which begins with the race.
                    #expect(took >= .milliseconds(700) && took < .seconds(2))
                }
            }
        }

        @Test func `goes on with the others when the one that accepted breaks off`() async throws {
            try await FaultProxy.run { good in
                try await DeadEnds.withFullBacklog { dead in
                    try await FaultProxy.run(.closeAtOnce) { broken in
                        // The dead one has its turn again after all others.
                        var connection = try await connect(
                            settings([
                                "host": "127.0.0.1,127.0.0.1,127.0.0.1",
                                "port": "\(dead),\(broken.port),\(good.port)",
                            ]),
                            timeout: .seconds(2)
                        )
                        #expect(try await connection.text("SELECT 'here'") == "here")
                        #expect(broken.counts.connections >= 1)
                    }
                }
            }
        }

        @Test func `can be left in the middle, and gone on with`() async throws {
            try await DeadEnds.withFullBacklog { one in
                try await DeadEnds.withFullBacklog { two in
                    var attempt = try ConnectAttempt(pair(one, two), timeout: .seconds(5))
                    for _ in 0..<2 {
                        let end = Moment(ContinuousClock.now) + .milliseconds(400)
                        let took = await time {
                            switch await attempt.drive(until: end, waiter: .shared) {
                            case .interrupted(.timedOut, .transport): break
                            default: Issue.record("the attempt ended")
                            }
                        }
                        #expect(took < .seconds(1))
                    }
                }
            }
        }
    }
}
