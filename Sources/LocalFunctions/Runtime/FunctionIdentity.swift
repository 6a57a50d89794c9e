/// What a function is told about itself through its environment.
package struct FunctionIdentity: Sendable, Equatable {
    package var name = "function"
    package var memory = 512
    package var region = "us-east-1"
    package var handler = "function.handler"
    package var timeout: Duration = .seconds(3)
    package var concurrency = 1
    /// JSON for the platform's log lines and, by its variable, for the function's.
    package var logsJSON = false

    package init() {}

    /// The account that emulators use.
    package static let account = "012345678912"

    /// The name by which an invocation was asked for, with a version or alias.
    package func arn(qualifier: String?) -> String {
        let suffix = qualifier.map { ":\($0)" } ?? ""
        return "arn:aws:lambda:\(region):\(Self.account):function:\(name)\(suffix)"
    }

    /// The variables of the platform, for an environment whose runtime API listens there.
    package func variables(runtimeAPI: String, program: FunctionProgram, id: EnvironmentID) -> [String: String] {
        var variables = [
            "AWS_LAMBDA_RUNTIME_API": runtimeAPI,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "\(memory)",
            "AWS_LAMBDA_INITIALIZATION_TYPE": concurrency > 1 ? "lambda-managed-instances" : "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(name)",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local/[$LATEST]\(id)",
            "AWS_LAMBDA_LOG_FORMAT": logsJSON ? "JSON" : "Text",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
            "LAMBDA_TASK_ROOT": program.folder,
            "LAMBDA_RUNTIME_DIR": program.folder,
            "TZ": ":UTC",
            "_HANDLER": handler,
        ]
        if concurrency > 1 { variables["AWS_LAMBDA_MAX_CONCURRENCY"] = "\(concurrency)" }
        return variables
    }
}
