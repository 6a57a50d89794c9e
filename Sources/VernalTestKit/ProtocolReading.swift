internal import NIOCore

/// The first packets of a connection, which have no type of their own.
struct StartupReader {
    struct Packet {
        var isCancelRequest = false
        var isEncryptionRequest = false
        /// The parameters of a startup packet.
        var parameters: [String: String]?
    }

    private var buffer = ByteBuffer()
    private var isDone = false

    /// Takes what a client said.
    ///
    /// - Returns: the packet that is complete now, if it is one of the first ones.
    mutating func read(_ bytes: ByteBuffer) -> Packet? {
        guard !isDone else { return nil }
        buffer.writeImmutableBuffer(bytes)
        guard let length: Int32 = buffer.getInteger(at: buffer.readerIndex), length >= 8,
            var body = buffer.getSlice(at: buffer.readerIndex + 4, length: Int(length) - 4),
            let code: Int32 = body.readInteger()
        else { return nil }
        buffer.moveReaderIndex(forwardBy: Int(length))
        var packet = Packet()
        switch code {
        case 80_877_102: packet.isCancelRequest = true
        case 80_877_103, 80_877_104: packet.isEncryptionRequest = true
        default: packet.parameters = Self.parameters(&body)
        }
        isDone = !packet.isEncryptionRequest
        return packet
    }

    private static func parameters(_ body: inout ByteBuffer) -> [String: String] {
        var parameters: [String: String] = [:]
        while let name = body.readNullTerminatedString(), !name.isEmpty {
            parameters[name] = body.readNullTerminatedString()
        }
        return parameters
    }
}

/// Takes BackendKeyData out of what a server says while a connection is made.
struct CancelKeyFilter {
    /// How many single bytes come before the first message: the answers to requests for encryption.
    var unframedBytes = 0
    private var buffer = ByteBuffer()
    private var isDone = false

    mutating func filter(_ bytes: ByteBuffer) -> ByteBuffer {
        guard !isDone else { return bytes }
        buffer.writeImmutableBuffer(bytes)
        var result = ByteBuffer()
        while unframedBytes > 0, let byte: UInt8 = buffer.readInteger() {
            result.writeInteger(byte)
            unframedBytes -= 1
        }
        while let type: UInt8 = buffer.getInteger(at: buffer.readerIndex),
            let length: Int32 = buffer.getInteger(at: buffer.readerIndex + 1),
            let message = buffer.readSlice(length: Int(length) + 1)
        {
            if type != UInt8(ascii: "K") { result.writeImmutableBuffer(message) }
            // ReadyForQuery ends the handshake.
            if type == UInt8(ascii: "Z") { isDone = true }
        }
        if isDone { result.writeBuffer(&buffer) }
        return result
    }
}

/// Messages as a server or a pooler would send them.
package enum ServerSays {
    /// An ErrorResponse; with or without the severity that is never translated, which some poolers do not send.
    package static func error(
        severity: String = "FATAL",
        _ sqlState: String,
        _ message: String,
        hasSeverityField: Bool = true
    ) -> [UInt8] {
        var body: [UInt8] = []
        for (letter, text) in [("S", severity), ("V", severity), ("C", sqlState), ("M", message)] {
            if letter == "V", !hasSeverityField { continue }
            body += Array(letter.utf8) + Array(text.utf8) + [0]
        }
        return self.message("E", body + [0])
    }

    /// A NoticeResponse.
    package static func notice(_ message: String) -> [UInt8] {
        self.message("N", Array("SNOTICE\u{0}VNOTICE\u{0}C00000\u{0}M\(message)\u{0}".utf8) + [0])
    }

    /// A ParameterStatus.
    package static func parameterStatus(_ name: String, _ value: String) -> [UInt8] {
        message("S", Array("\(name)\u{0}\(value)\u{0}".utf8))
    }

    /// A ReadyForQuery outside of a transaction.
    package static var readyForQuery: [UInt8] { message("Z", Array("I".utf8)) }

    private static func message(_ type: String, _ body: [UInt8]) -> [UInt8] {
        let length = UInt32(body.count + 4)
        return Array(type.utf8) + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body
    }
}
