import HTTPTypes

/// What goes before the content of a streamed HTTP response: status and header fields as JSON, and eight zero bytes.
///
/// Read by function URLs and API Gateway when the response's type is `application/vnd.awslambda.http-integration-response`.
package func streamPrelude(of response: FunctionResponse) -> [UInt8] {
    var fields: [(name: String, values: [String])] = []
    var cookies: [String] = []
    for field in response.headers {
        let name = field.name.canonicalName
        if name == "set-cookie" {
            cookies.append(jsonString(field.value))
        } else if let place = fields.firstIndex(where: { $0.name == name }) {
            fields[place].values.append(field.value)
        } else {
            fields.append((name, [field.value]))
        }
    }
    let headers = fields.map { "\(jsonString($0.name)):\(jsonString($0.values.joined(separator: ", ")))" }
    var json = "{\"statusCode\":\(response.status.code),\"headers\":{\(headers.joined(separator: ","))}"
    if !cookies.isEmpty { json += ",\"cookies\":[\(cookies.joined(separator: ","))]" }
    return Array((json + "}").utf8) + [UInt8](repeating: 0, count: 8)
}
