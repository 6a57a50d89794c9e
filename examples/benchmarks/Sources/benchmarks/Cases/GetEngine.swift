internal import CBench
internal import Vernal

extension Benchmark {
    /// `getEngine()` after the first call.
    ///
    /// That the first one opens nothing is checked.
    static let getEngine = Benchmark(name: "getEngine()", scope: .none) { _, _ in [try GetEngine()] }
}

private struct GetEngine: Contestant {
    let name = ""

    init() throws {
        let before = bench_open_descriptors()
        let engine = Vernal.getEngine()
        let opened = bench_open_descriptors() - before
        guard opened == 0, engine.statistics.connects == 0 else {
            throw BenchmarkError("getEngine() opened something: \(opened) descriptors")
        }
    }

    func run(_ calls: Int, into samples: inout Samples) async {
        await samples.measureBatches(calls) { count in
            for _ in 0..<count {
                let engine = Vernal.getEngine()
                // The name is read, so that the call is not taken out by the optimiser.
                precondition(engine.name == nil)
            }
        }
    }
}
