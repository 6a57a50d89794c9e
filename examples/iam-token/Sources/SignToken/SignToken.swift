import DatabaseToken
import Foundation

/// Prints the token that holds from a given moment on, so that it can be compared with what AWS's own libraries make.
///
///     sign-token HOST PORT USER REGION SECONDS
///
/// SECONDS are those since 1970. The credentials are taken from the environment.
@main struct SignToken {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count == 5, let port = Int(arguments[1]), let seconds = Double(arguments[4]) else {
            fail("usage: sign-token HOST PORT USER REGION SECONDS")
        }
        do {
            let credentials = try AWSCredentials(environment: ProcessInfo.processInfo.environment)
            let token = DatabaseToken(credentials, region: arguments[3])
            let date = Date(timeIntervalSince1970: seconds)
            print(token.sign(host: arguments[0], port: port, user: arguments[2], at: date))
        } catch {
            fail("\(error)")
        }
    }

    static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("sign-token: \(message)\n".utf8))
        exit(64)
    }
}
