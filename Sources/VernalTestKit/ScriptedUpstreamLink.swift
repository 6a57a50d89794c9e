internal import NIOCore
internal import NIOPosix

/// One client of a scripted upstream and its connection to the server; used on one event loop only.
final class ScriptedUpstreamLink: ProxyLink {
    private let upstream: ScriptedUpstream
    let client: any Channel
    var server: (any Channel)?
    var early: [ByteBuffer] = []
    private var fromClient = ByteBuffer()
    private var fromServer = ByteBuffer()
    private var isStarted = false
    /// What is said at the next Sync; what comes before it is not passed on.
    private var pendingAnswer: UpstreamScript.Answer?
    private var heartbeat: RepeatedTask?

    init(_ upstream: ScriptedUpstream, _ client: any Channel) {
        self.upstream = upstream
        self.client = client
    }

    private func toClient(_ bytes: [UInt8]) {
        client.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    func received(_ bytes: ByteBuffer, fromClient: Bool) {
        if fromClient {
            self.fromClient.writeImmutableBuffer(bytes)
            while readFromClient() {}
        } else {
            fromServer.writeImmutableBuffer(bytes)
            var passed = ByteBuffer()
            while let message = nextFromServer() { passed.writeImmutableBuffer(message) }
            if passed.readableBytes > 0 { client.writeAndFlush(passed, promise: nil) }
        }
    }

    func closed(isClient: Bool) {
        heartbeat?.cancel()
        if isClient { server?.close(promise: nil) } else { client.close(promise: nil) }
    }

    // MARK: From the client

    private func readFromClient() -> Bool {
        isStarted ? readMessage() : readStartup()
    }

    private func readStartup() -> Bool {
        guard let length: Int32 = fromClient.getInteger(at: fromClient.readerIndex), length >= 8,
            let packet = fromClient.readSlice(length: Int(length))
        else { return false }
        var reader = StartupReader()
        guard let startup = reader.read(packet) else { return false }
        if startup.isEncryptionRequest {
            toClient([UInt8(ascii: "N")])
            return true
        }
        isStarted = true
        if let parameters = startup.parameters {
            upstream.change { $0.startups.append(parameters) }
            if let refusal = upstream.script.refuses?(parameters) {
                toClient(refusal)
                client.close(promise: nil)
                return false
            }
        }
        toServer(packet)
        return true
    }

    private func readMessage() -> Bool {
        guard let type: UInt8 = fromClient.getInteger(at: fromClient.readerIndex),
            let length: Int32 = fromClient.getInteger(at: fromClient.readerIndex + 1),
            let message = fromClient.readSlice(length: Int(length) + 1)
        else { return false }
        var body = message
        body.moveReaderIndex(forwardBy: 5)
        switch type {
        case UInt8(ascii: "Q"):
            let text = body.readNullTerminatedString() ?? ""
            note(text)
            if let answer = answer(to: text) {
                say(answer)
                return true
            }
        case UInt8(ascii: "P"):
            let name = body.readNullTerminatedString() ?? ""
            let text = body.readNullTerminatedString() ?? ""
            if !name.isEmpty { upstream.change { $0.statementNames.insert(name) } }
            note(text)
            pendingAnswer = pendingAnswer ?? answer(to: text)
        case UInt8(ascii: "S"):
            if let answer = pendingAnswer {
                pendingAnswer = nil
                say(answer)
                return true
            }
        default: break
        }
        if pendingAnswer == nil { toServer(message) }
        return true
    }

    private func note(_ text: String) {
        let pin = upstream.pin(by: text)
        upstream.change { record in
            record.statements += 1
            record.lastStatements.append(text)
            if record.lastStatements.count > 100 { record.lastStatements.removeFirst() }
            if let pin, record.pins.count < 100 { record.pins.append("\(pin): \(text)") }
        }
    }

    private func answer(to text: String) -> UpstreamScript.Answer? {
        upstream.script.answers.first { text.contains($0.text) }?.answer
    }

    private func say(_ answer: UpstreamScript.Answer) {
        toClient(answer.bytes + (answer.isReadyAfterwards ? ServerSays.readyForQuery : []))
        if answer.closes { client.close(promise: nil) }
    }

    // MARK: From the server

    /// The next message of the server as the client is to see it; empty when it is kept back.
    private func nextFromServer() -> ByteBuffer? {
        guard let type: UInt8 = fromServer.getInteger(at: fromServer.readerIndex),
            let length: Int32 = fromServer.getInteger(at: fromServer.readerIndex + 1),
            let message = fromServer.readSlice(length: Int(length) + 1)
        else { return nil }
        switch type {
        case UInt8(ascii: "K"):
            guard let number = upstream.script.backendPID else { return ByteBuffer() }
            var changed = message
            changed.setInteger(number, at: changed.readerIndex + 5)
            return changed
        case UInt8(ascii: "S"):
            var body = message
            body.moveReaderIndex(forwardBy: 5)
            switch body.readNullTerminatedString() {
            case "application_name": return status("application_name", upstream.script.applicationName) ?? message
            case "server_version": return status("server_version", upstream.script.serverVersion) ?? message
            default: return message
            }
        case UInt8(ascii: "Z"):
            beginHeartbeat()
            return message
        default: return message
        }
    }

    private func status(_ name: String, _ value: String?) -> ByteBuffer? {
        value.map { ByteBuffer(bytes: ServerSays.parameterStatus(name, $0)) }
    }

    private func beginHeartbeat() {
        guard heartbeat == nil, let pause = upstream.script.heartbeat, let name = upstream.script.applicationName
        else { return }
        let client = client
        heartbeat = client.eventLoop.scheduleRepeatedTask(
            initialDelay: TimeAmount(pause),
            delay: TimeAmount(pause)
        ) { _ in
            let bytes = ServerSays.parameterStatus("application_name", name)
            client.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        }
    }
}
