import HTTPTypes

/// Where the function runs, decided once at start from the environment.
package enum Platform: Sendable, Hashable {
    /// An HTTP/1.1 server.
    case http(HTTPPlatform)
    /// AWS Lambda: the function asks the runtime API for its invocations.
    case lambda(LambdaPlatform)

    /// Where a developer finds the function when nothing is set: this machine only.
    package static let development = Platform.http(HTTPPlatform(host: "127.0.0.1", port: 8080))
}

/// Where to listen, and for whom.
package struct HTTPPlatform: Sendable, Hashable {
    /// Whose front sends the requests, because each has rules of its own.
    package enum Flavour: Sendable, Hashable {
        /// Any client or proxy.
        case plain
        /// Cloud Run or another Knative.
        case cloudRun
        /// A platform with the contract of Google's Functions Framework.
        case functionsFramework
        /// The HTTP endpoint of AWS Lambda itself.
        case lambdaWebFunction
        /// The AWS Lambda Web Adapter, which turns events into requests.
        case lambdaWebAdapter
        /// The host of Azure Functions.
        case azureCustomHandler
    }

    /// The address to listen on.
    package var host: String
    /// The port to listen on, 0 for any free one.
    package var port: Int
    /// Whose front sends the requests.
    package var flavour: Flavour

    package init(host: String, port: Int, flavour: Flavour = .plain) {
        self.host = host
        self.port = port
        self.flavour = flavour
    }
}

extension HTTPPlatform {
    /// The longest grace period that ends before the platform kills the process; `nil`: the options decide.
    package var longestGracePeriod: Duration? {
        switch flavour {
        case .lambdaWebFunction: .milliseconds(800)  // Killed after 1 s.
        case .lambdaWebAdapter: .milliseconds(200)  // An extension beside the adapter may leave no more than 300 ms.
        case .plain, .cloudRun, .functionsFramework, .azureCustomHandler: nil
        }
    }
}

extension HTTPPlatform {
    /// What tells the front that as many requests as are allowed are being handled already.
    var overloadStatus: HTTPResponse.Status {
        switch flavour {
        case .functionsFramework: .tooManyRequests
        case .plain, .cloudRun, .lambdaWebFunction, .lambdaWebAdapter, .azureCustomHandler: .serviceUnavailable
        }
    }
}

/// The runtime API to ask, and how often at the same time.
package struct LambdaPlatform: Sendable, Hashable {
    /// Where the runtime API is.
    package var endpoint: RuntimeEndpoint
    /// How many invocations the platform sends to this process at the same time, from 1.
    package var concurrency: Int
    /// Whether this is a managed instance, which is never frozen between invocations.
    package var isManaged: Bool

    package init(endpoint: RuntimeEndpoint, concurrency: Int = 1, isManaged: Bool = false) {
        self.endpoint = endpoint
        self.concurrency = concurrency
        self.isManaged = isManaged
    }
}
