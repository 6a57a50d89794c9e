import EmbeddedPostgres
import Foundation
import Testing

@Suite(.serialized) struct EmbeddedPostgresServerTests {
    @Test func `it answers over TCP and over its socket, and lets nobody in without the password`() async throws {
        let (directory, process) = try await withEmbeddedPostgres { server in
            let overTCP = try await psql(server.url, "SELECT current_user, current_database(), inet_server_port()")
            #expect(overTCP.output == "vernal|vernal|\(server.port)\n")
            let overSocket = try await psql(server.socketURL, "SELECT inet_server_addr() IS NULL")
            #expect(overSocket.output == "t\n")
            let stored = try await psql(server.url, "SELECT left(rolpassword, 13) FROM pg_authid WHERE rolcanlogin")
            #expect(stored.output == "SCRAM-SHA-256\n")

            for url in [server.url, server.socketURL] {
                let refused = try await psql(url.replacing(server.password, with: "wrong"), "SELECT 1")
                #expect(refused.error.contains("password authentication failed"))
            }
            #expect(try server.readLog().contains("database system is ready"))
            let mode = try FileManager.default.attributesOfItem(atPath: server.directory)[.posixPermissions] as? Int
            #expect(mode == 0o700)
            let process = try String(contentsOfFile: "\(server.dataDirectory)/postmaster.pid", encoding: .utf8)
            #expect(try await sharedMemory(withKeyIn: process).count == 1)
            return (server.directory, process)
        }
        #expect(try await remains(of: directory) == [])
        #expect(try await sharedMemory(withKeyIn: process) == [])
    }

    @Test func `options reach the server`() async throws {
        let options = EmbeddedPostgresOptions(
            maxConnections: 3,
            trustLocalSocket: true,
            settings: ["work_mem": "7MB"],
            hbaLines: ["host all all 127.0.0.1/32 reject"]
        )
        try await withEmbeddedPostgres(options) { server in
            let trusted = server.socketURL.replacing(server.password, with: "wrong")
            let shown = try await psql(
                trusted,
                "SELECT current_setting('max_connections'), current_setting('work_mem'), current_setting('TimeZone')"
            )
            #expect(shown.output == "3|7MB|UTC\n")
            #expect(try await psql(server.url, "SELECT 1").error.contains("pg_hba.conf rejects"))
        }
    }

    @Test func `a stopped server refuses, and starts again with its port and data`() async throws {
        try await withEmbeddedPostgres { server in
            for mode in [EmbeddedPostgresServer.StopMode.fast, .immediate, .kill] {
                let insert = "DROP TABLE IF EXISTS t; CREATE TABLE t AS SELECT '\(mode)' AS mode"
                #expect(try await psql(server.url, insert).error.contains("ERROR") == false)
                try await server.stop(mode: mode)
                try await server.stop(mode: mode)
                #expect(try await psql(server.url, "SELECT 1").error.contains("Connection refused"))
                try await server.start()
                try await server.start()
                #expect(try await psql(server.url, "SELECT mode FROM t").output == "\(mode)\n")
            }
            try await server.restart()
            #expect(try await psql(server.url, "SELECT mode FROM t").output == "kill\n")
        }
    }

    @Test func `a server that somebody else killed leaves nothing`() async throws {
        let (directory, process) = try await withEmbeddedPostgres { server in
            let process = try String(contentsOfFile: "\(server.dataDirectory)/postmaster.pid", encoding: .utf8)
            _ = kill(try server.processIdentifier(), SIGKILL)
            return (server.directory, process)
        }
        #expect(try await remainsInTheEnd(of: directory) == [])
        #expect(try await sharedMemory(withKeyIn: process) == [])
    }

    @Test func `a suspended server can be removed`() async throws {
        let directory = try await withEmbeddedPostgres { server in
            _ = kill(try server.processIdentifier(), SIGSTOP)
            return server.directory
        }
        #expect(try await remains(of: directory) == [])
    }

    @Test func `with TLS the certificate can be verified and another one is refused`() async throws {
        try await withEmbeddedPostgres(EmbeddedPostgresOptions(tls: true)) { server in
            #expect(server.url.contains("sslmode=verify-full"))
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            #expect(try await psql(server.url, sql).output == "t\n")
            let certificate = try #require(server.caCertificatePath)
            let other = "host=other.invalid hostaddr=127.0.0.1 port=\(server.port) sslmode=verify-full"
            #expect(try await psql("\(other) sslrootcert=\(certificate)", sql).error.contains("does not match"))
        }
    }

    @Test func `an error of the body comes out after everything is removed`() async throws {
        struct Failure: Error {}
        var directory = ""
        await #expect(throws: Failure.self) {
            try await withEmbeddedPostgres { server in
                directory = server.directory
                throw Failure()
            }
        }
        #expect(directory != "")
        #expect(try await remains(of: directory) == [])
    }

    @Test func `a server that nobody holds any more is removed`() async throws {
        let directory = try await EmbeddedPostgresServer.start().directory
        #expect(try await remainsInTheEnd(of: directory) == [])
    }

    @Test func `after its removal a server says so, and can be removed again`() async throws {
        let server = try await EmbeddedPostgresServer.start()
        try await server.remove()
        try await server.remove()
        let error = await #expect(throws: EmbeddedPostgresError.self) { try await server.start() }
        #expect(error?.code == .removed)
    }

    @Test func `a setting the server does not know is in the error, and nothing is left`() async throws {
        let error = await #expect(throws: EmbeddedPostgresError.self) {
            try await EmbeddedPostgresServer.start(EmbeddedPostgresOptions(settings: ["no_such_setting": "1"]))
        }
        let text = try #require(error?.description)
        #expect(text.contains(#"unrecognized configuration parameter "no_such_setting""#))
        let directory = try #require(text.firstMatch(of: /"(\/[^"]*vernal-pg-\w+)\//)).1
        // The supervisor has said so and is about to end.
        #expect(try await remainsInTheEnd(of: String(directory)) == [])
    }
}
