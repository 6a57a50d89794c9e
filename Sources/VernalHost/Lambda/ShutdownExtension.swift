import Logging
import NIOHTTP1

/// The extension that this process is to itself, without which the platform kills it instead of telling it of its end.
///
/// It asks for no events. That it waits for one all the same is how the platform learns that it is ready; the wait has a
/// connection of its own and ends with the process.
struct ShutdownExtension: Sendable {
    let client: RuntimeClient
    let logger: Logger

    /// Registers; `nil` when the API does not know extensions: then the end comes without notice.
    func register() async throws(HostError) -> String? {
        guard let response = try await client.wait(.registerExtension) else { return nil }
        guard response.status == 200, let id = response.headers.first(name: "Lambda-Extension-Identifier") else {
            logger.debug("not told of the end of the process", metadata: ["status": "\(response.status)"])
            return nil
        }
        return id
    }

    /// Waits until the host ends the waiting.
    func wait(as id: String) async {
        do {
            _ = try await client.wait(.nextEvent(extensionID: id))
        } catch {
            logger.debug("the wait for the end of the process broke", metadata: ["error": "\(error)"])
        }
    }
}
