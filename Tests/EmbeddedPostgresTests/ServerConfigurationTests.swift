import Testing

@testable import EmbeddedPostgres

@Suite struct ServerConfigurationTests {
    @Test func `a setting is quoted and comes after the defaults, so that it wins`() throws {
        let options = EmbeddedPostgresOptions(settings: ["fsync": "on", "app.text": #"it's a \ "#])
        let lines = try ServerConfiguration(options).settings.split(separator: "\n")
        #expect(lines.suffix(2) == [#"app.text = 'it''s a \\ '"#, "fsync = 'on'"])
        #expect(lines.contains("fsync = off"))
    }

    @Test(arguments: ["", "a b", "a=b", "1a", "a\nb", "a'"])
    func `a name that is no setting is refused`(name: String) {
        #expect(throws: EmbeddedPostgresError.self) {
            try ServerConfiguration(EmbeddedPostgresOptions(settings: [name: "1"]))
        }
    }

    @Test func `a value with a line break is refused`() {
        #expect(throws: EmbeddedPostgresError.self) {
            try ServerConfiguration(EmbeddedPostgresOptions(settings: ["a": "1\nfsync = on"]))
        }
    }

    @Test(arguments: [-1, 0, 10_001])
    func `a number of connections the server cannot have is refused`(count: Int) {
        #expect(throws: EmbeddedPostgresError.self) {
            try ServerConfiguration(EmbeddedPostgresOptions(maxConnections: count))
        }
    }

    @Test func `one's own access rules come first, and only the unix socket can be trusted`() throws {
        let options = EmbeddedPostgresOptions(trustLocalSocket: true, hbaLines: ["host all bob 127.0.0.1/32 reject"])
        let lines = try ServerConfiguration(options).accessRules.split(separator: "\n")
        #expect(lines.first == "host all bob 127.0.0.1/32 reject")
        #expect(lines.filter { $0.hasSuffix("trust") } == ["local all all trust"])
    }

    @Test func `the highest version comes first, by number`() {
        let names = ["9.6", "17", "readme", "15", "postgresql@18"]
        #expect(PostgresInstallation.versioned(names, prefix: "") == ["17", "15", "9.6"])
        #expect(PostgresInstallation.versioned(names, prefix: "postgresql@") == ["postgresql@18"])
    }

    @Test func `everything that means something in a URL is encoded`() {
        #expect(EmbeddedPostgresServer.percentEncoded("/tmp/a b@c:d%é") == "%2Ftmp%2Fa%20b%40c%3Ad%25%C3%A9")
    }

    @Test func `a wrong folder of programs is named in the error`() async throws {
        let error = await #expect(throws: EmbeddedPostgresError.self) {
            try await PostgresInstallation.find(environment: ["VERNAL_PG_BIN": "/nowhere"])
        }
        #expect(error?.code == .serverNotInstalled)
        #expect(error?.description.contains("/nowhere") == true)
    }
}
