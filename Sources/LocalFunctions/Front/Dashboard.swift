/// A page on which people watch the functions; who runs them makes it.
package struct Dashboard: Sendable {
    /// The page, which asks for nothing but its state.
    let page: [UInt8]
    /// What has happened since a number that it gave out before, as JSON; after 0 everything that is kept.
    let state: @Sendable (_ after: Int) async -> [UInt8]

    package init(page: String, state: @escaping @Sendable (_ after: Int) async -> [UInt8]) {
        self.page = Array(page.utf8)
        self.state = state
    }

    /// Where it is.
    package static let path = "/_vernal/dashboard"
}
