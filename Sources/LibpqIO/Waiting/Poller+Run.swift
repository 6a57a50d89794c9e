internal import CSwiftRuntime
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
    func run() -> Never {
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
        var woken = UniqueArray<Parking>()
        let late = registry.withLock { registry -> [Parking] in
            registry.isAsleep = false
            for token in ready {
                if let entry = registry.sleepers.remove(token) { woken.append(entry.parking) }
            }
            guard let nextLook = registry.nextLook, nextLook <= now else { return [] }
            let (late, next) = registry.sleepers.removeDue(now)
            registry.nextLook = next
            return late
        }
        woken.drain { parking in parking.wake(.ready) }
        for parking in late { parking.wake(.timedOut) }
        if ready.contains(EventQueue.mainQueueToken) { main_queue_drain() }
    }
}
