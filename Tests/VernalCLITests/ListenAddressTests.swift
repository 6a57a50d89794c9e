import LocalFunctions
import Testing

@testable import VernalCLI

/// Where the emulator says that it is, and whom it lets in there; no socket.
@Suite struct `The address of the emulator` {
    @Test(arguments: [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"), ("http://0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("http://[::]:9000", "http://[::1]:9000"), ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://10.0.0.0:9000", "http://10.0.0.0:9000"),
    ])
    func `is shown as one that can be opened`(bound: String, shown: String) {
        #expect(ListenAddress.reachable(bound) == shown)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.1.2.3", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
        ("::ffff:10.0.0.1", false), ("::", false), ("fe80::1", false), ("127.0.0.1.evil.example", false), ("", false),
    ])
    func `lets in who comes from this machine`(address: String, isOwn: Bool) {
        #expect(OwnMachine.hasAddress(address) == isOwn)
    }

    @Test(arguments: [
        ("localhost", true), ("localhost:9000", true), ("127.0.0.1:9000", true), ("[::1]:9000", true), ("[::1]", true),
        ("[::ffff:127.0.0.1]:9000", true), ("evil.example:9000", false), ("127.0.0.1.evil.example", false),
        ("0.0.0.0:9000", false), ("[::]:9000", false), ("[::1", false), ("localhost.evil.example", false), ("", false),
    ])
    func `knows its own names`(host: String, isOwn: Bool) {
        #expect(OwnMachine.isNamed(host) == isOwn)
    }
}
