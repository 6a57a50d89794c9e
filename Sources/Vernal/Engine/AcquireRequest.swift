internal import LibpqIO
internal import Moments

/// Who wants a connection, and until when it is worth anything to him.
struct AcquireRequest: Sendable {
    let begun: Moment
    let deadline: Moment
    let borrower: Borrower
    /// Whether the task had been cancelled when it asked.
    let isCancelled: Bool

    init(at begun: Moment = .now, until deadline: Moment, from site: CallSite) {
        self.begun = begun
        self.deadline = deadline
        let task = CurrentTask.identityAndCancellation
        borrower = Borrower(site: site, task: task.identity)
        isCancelled = task.isCancelled
    }
}

/// Who has a connection.
struct Borrower: Sendable {
    let site: CallSite
    /// The task; as long as it has the connection, no other task has this identity.
    let task: Int
}
