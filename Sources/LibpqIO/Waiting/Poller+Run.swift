internal import Moments
internal import Synchronization

extension Poller {
    /// As many jobs are run before the sockets are looked at again.
    private static let jobsBetweenLooks = 64

    /// Starts the thread.
    ///
    /// If there is none to be had now, those who would sleep look at their sockets themselves until there is one, and what the
    /// thread would have run is run here: better than never.
    func start() {
        guard !startThread({ [self] in run() }) else { return }
        var jobs = UniqueArray<UnownedJob>()
        let sleepers = registry.withLock { registry in
            registry.isRunning = false
            swap(&registry.jobs, &jobs)
            return registry.sleepers.parkings
        }
        for sleeper in sleepers { sleeper.wake(.ready) }
        jobs.drain { job in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// What the thread does.
    private func run() {
        thread.store(currentThread(), ordering: .relaxed)
        var jobs = UniqueArray<UnownedJob>()
        while true {
            // Tasks hand connections to one another here, each time with a job; the sockets can wait for some of them.
            for _ in 0..<Self.jobsBetweenLooks {
                registry.withLock { swap(&$0.jobs, &jobs) }
                if jobs.isEmpty { break }
                jobs.drain { job in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
            }
            let limit = registry.withLock { registry -> Duration? in
                guard registry.jobs.isEmpty else { return .zero }
                registry.isAsleep = true
                return registry.nextLook.map { $0 - .now }
            }
            wake(events.wait(for: limit))
        }
    }

    /// Wakes those whose sockets are ready or whose time is over.
    private func wake(_ ready: [UInt64]) {
        let now = Moment.now
        let due: [(Parking, WakeReason)] = registry.withLock { registry in
            registry.isAsleep = false
            var due = ready.compactMap { token in
                registry.sleepers.remove(token).map { ($0.parking, WakeReason.ready) }
            }
            if let nextLook = registry.nextLook, nextLook <= now {
                let (late, next) = registry.sleepers.removeDue(now)
                due += late.map { ($0, .timedOut) }
                registry.nextLook = next
            }
            return due
        }
        for (parking, reason) in due { parking.wake(reason) }
    }
}
