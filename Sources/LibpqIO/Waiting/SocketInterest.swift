/// What a conversation waits for on its socket.
package enum SocketInterest: Sendable, Hashable {
    case read
    case write
    case readOrWrite
}
