import HTTPTypes

/// What the host itself answers: a short JSON object that says nothing about the inside.
extension FunctionResponse {
    static func failure(_ status: HTTPResponse.Status, _ message: String, requestID: String?) -> Self {
        var object = "{\"error\":\(jsonString(message))"
        if let requestID { object += ",\"requestId\":\(jsonString(requestID))" }
        return Self(
            status: status,
            headers: [.contentType: "application/json"],
            body: Array((object + "}").utf8)
        )
    }

    static func overloaded(_ status: HTTPResponse.Status, requestID: String) -> Self {
        var response = failure(status, "too many requests at the same time", requestID: requestID)
        response.headers[.retryAfter] = "1"
        return response
    }

    static func stopping(requestID: String) -> Self {
        failure(.serviceUnavailable, "the function is shutting down", requestID: requestID)
    }

    static func timedOut(requestID: String) -> Self {
        failure(.gatewayTimeout, "the function did not answer in time", requestID: requestID)
    }

    static func internalError(requestID: String) -> Self {
        failure(.internalServerError, "internal server error", requestID: requestID)
    }
}

/// The text as a JSON string; by hand, because a failure to encode a failure would have nowhere to go.
package func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            let hex = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
