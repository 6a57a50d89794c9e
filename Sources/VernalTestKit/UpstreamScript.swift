/// How a scripted upstream differs from PostgreSQL.
package struct UpstreamScript: Sendable {
    /// What is said instead of running a statement.
    package struct Answer: Sendable {
        /// What the client is sent.
        package var bytes: [UInt8]
        /// Whether ReadyForQuery follows, with which the connection can be used on.
        package var isReadyAfterwards: Bool
        /// Whether the connection is closed.
        package var closes: Bool

        package init(_ bytes: [UInt8], isReadyAfterwards: Bool = false, closes: Bool = false) {
            self.bytes = bytes
            self.isReadyAfterwards = isReadyAfterwards
            self.closes = closes
        }
    }

    /// The process number in BackendKeyData; `nil` leaves that message out.
    package var backendPID: Int32?
    /// What is reported as `application_name`; `nil` reports what the server does.
    package var applicationName: String?
    /// What is reported as `server_version`; `nil` reports what the server does.
    package var serverVersion: String?
    /// How often `application_name` is reported again, though nothing has changed.
    package var heartbeat: Duration?
    /// Looks at a startup packet and refuses it, if it wants to.
    package var refuses: (@Sendable ([String: String]) -> [UInt8]?)?
    /// Statements that are answered here: those that contain a text.
    package var answers: [(text: String, answer: Answer)] = []

    package init(backendPID: Int32?) {
        self.backendPID = backendPID
    }
}

extension UpstreamScript {
    /// Amazon RDS Proxy: no key to cancel with, and only a few startup parameters.
    package static var rdsProxy: UpstreamScript {
        var script = UpstreamScript(backendPID: nil)
        let allowed: Set<String> = [
            "user", "database", "application_name", "client_encoding", "DateStyle", "TimeZone", "extra_float_digits",
            "search_path",
        ]
        script.refuses = { parameters in
            if parameters["options"] != nil {
                return ServerSays.error(
                    "0A000",
                    "Feature not supported: RDS Proxy currently doesn’t support command-line options."
                )
            }
            guard let odd = parameters.keys.sorted().first(where: { !allowed.contains($0) }) else { return nil }
            return ServerSays.error(
                "0A000",
                "Feature not supported: RDS Proxy currently doesn't support the option \(odd)."
            )
        }
        return script
    }

    /// Supavisor: its own name as that of the application, again and again.
    package static func supavisor(heartbeat: Duration) -> UpstreamScript {
        var script = UpstreamScript(backendPID: 4711)
        script.applicationName = "Supavisor"
        script.heartbeat = heartbeat
        return script
    }

    /// PgCat: a number below 0, and fatal errors that are none.
    package static var pgcat: UpstreamScript {
        var script = UpstreamScript(backendPID: -1_234_567)
        let error = ServerSays.error("58000", "could not get connection from the pool - AllServersDown")
        script.answers = [("from the exhausted pool", Answer(error, isReadyAfterwards: true))]
        return script
    }

    /// Odyssey: errors in its own words, without the severity that is never translated.
    package static var odyssey: UpstreamScript {
        var script = UpstreamScript(backendPID: 1_717_171_717)
        let error = ServerSays.error(
            "08006",
            "odyssey: c0123456789ab: failed to connect to remote server s0123456789ab",
            hasSeverityField: false
        )
        script.answers = [("from the lost server", Answer(error, closes: true))]
        return script
    }

    /// Neon's proxy in front of its pooler: everything at connect is an ERROR with the code XX000.
    package static var neonRefusingOptions: UpstreamScript {
        var script = UpstreamScript(backendPID: -5)
        script.refuses = { parameters in
            guard parameters["options"] != nil else { return nil }
            return ServerSays.error(
                severity: "ERROR",
                "XX000",
                "unsupported startup parameter: options. Please use unpooled connection or remove this parameter from the "
                    + "startup package. More details: https://neon.tech/docs/connect/connection-errors"
                    + "#unsupported-startup-parameter",
                hasSeverityField: false
            )
        }
        return script
    }

    /// PgBouncer: a number that no process has, and no startup options.
    package static var pgbouncer: UpstreamScript {
        var script = UpstreamScript(backendPID: 2_000_000_000)
        script.refuses = { parameters in
            guard parameters["options"] != nil else { return nil }
            return ServerSays.error(
                "08P01",
                "unsupported startup parameter in options: work_mem",
                hasSeverityField: false
            )
        }
        return script
    }
}
