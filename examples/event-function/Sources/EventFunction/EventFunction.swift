import VernalHost

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// What the function is asked to do, so that every way an invocation can end can be tried out.
struct Order: Decodable {
    enum Action: String, Decodable {
        /// Gives the text back.
        case echo
        /// Gives as many bytes.
        case fill
        /// Takes as many milliseconds.
        case wait
        /// Throws an error.
        case fail
        /// Ends the process, as a fault does.
        case crash
    }

    var action: Action
    var text: String?
    var number: Int?
}

struct OrderRefused: Error, CustomStringConvertible {
    var description: String
}

/// A function that takes events: on AWS Lambda as they come, on HTTP platforms as the content of requests.
@main struct EventFunction {
    static func main() async throws {
        try await FunctionHost.serveEvents { event, context in
            let order = try event.decode(Order.self)
            context.logger.info("order", metadata: ["action": "\(order.action)", "cold": "\(context.isColdStart)"])
            switch order.action {
            case .echo: return Array("\"\(order.text ?? "")\"".utf8)
            case .fill: return [UInt8](repeating: UInt8(ascii: "x"), count: max(0, order.number ?? 0))
            case .wait:
                try await Task.sleep(for: .milliseconds(order.number ?? 0))
                return Array("\"waited\"".utf8)
            case .fail: throw OrderRefused(description: order.text ?? "as ordered")
            case .crash: exit(3)
            }
        }
    }
}
