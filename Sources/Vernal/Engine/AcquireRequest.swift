internal import LibpqIO
internal import Moments

/// Who wants a connection, and until when it is worth anything to him.
struct AcquireRequest: Sendable {
    let begun: Moment
    let deadline: Moment
    let borrower: Borrower

    init(at begun: Moment = .now, until deadline: Moment, from site: CallSite) {
        self.begun = begun
        self.deadline = deadline
        borrower = Borrower(site: site, task: CurrentTask.identity)
    }
}

/// Who has a connection.
struct Borrower: Sendable {
    let site: CallSite
    /// The task; as long as it has the connection, no other task has this identity.
    let task: Int
}
