internal import LibpqIO
internal import PoolCore

extension VernalError.Wait {
    init(_ phase: LibpqError.ConnectPhase) {
        self =
            switch phase {
            case .nameResolution: .nameResolution
            case .transport: .connect
            case .tls, .authentication: .authentication
            }
    }
}

extension VernalError {
    /// The error of a connect that failed.
    init(connect error: LibpqError) {
        let code: Code
        var message = error.message
        switch error.code {
        case .invalidSettings:
            code = .configuration
        case .connectRefused:
            let advice = error.server.flatMap { FailureAdvice(UpstreamMessage($0, atConnect: true)) }
            code = advice?.cause == .login ? .authenticationFailed : .connectFailed
            message = "the server refused the connection"
        default:
            code = .connectFailed
        }
        self.init(code, message) { fields in
            fields.take(error.server)
            fields.wait = error.phase.map { Wait($0) }
        }
    }

    /// The error of a statement that failed.
    init(statement error: LibpqError) {
        let (code, message): (Code, String) =
            switch error.code {
            case .server: (.server, "the statement failed")
            case .connectionLost where error.server != nil: (.connectionLost, "the server ended the connection")
            case .connectionLost: (.connectionLost, error.message)
            case .timedOut: (.timedOut, error.message)
            case .cancelled: (.cancelled, error.message)
            default: (.misuse, error.message)
            }
        self.init(code, message) { fields in
            fields.take(error.server)
            fields.statementWasSent = error.statementWasSent
            if code == .timedOut { fields.wait = .statement }
        }
    }

    /// The error in short, for those who meet it later.
    var connectFailure: ConnectFailure {
        ConnectFailure(message: serverMessage ?? message, sqlState: sqlState)
    }
}

extension VernalError.Fields {
    fileprivate mutating func take(_ server: ServerMessage?) {
        guard let server else { return }
        sqlState = server.sqlState.map { SQLState(rawValue: $0) }
        severity = server.severity
        serverMessage = server.message
        detail = server.detail
        hint = server.hint
        context = server.context
        position = server.position
        schemaName = server.schema
        tableName = server.table
        columnName = server.column
        dataTypeName = server.dataType
        constraintName = server.constraint
    }
}
