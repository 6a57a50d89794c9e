package import Foundation
internal import NIOHTTP1

/// A request as the function URL turns it into an event, version 2.0.
package struct HTTPEvent: Sendable {
    package var method: String
    /// Method's target: path and query, still encoded.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    package var sourceAddress: String
    package var requestID: String

    package init(
        method: String,
        target: String,
        headers: [(name: String, value: String)],
        body: [UInt8],
        sourceAddress: String,
        requestID: String
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.sourceAddress = sourceAddress
        self.requestID = requestID
    }

    private var path: String { String(target.prefix { $0 != "?" }) }
    private var query: Substring { target.drop { $0 != "?" }.dropFirst() }

    /// The event's JSON.
    package func json(at now: Date = Date()) -> [UInt8] {
        var fields: [(name: String, value: String)] = []
        var cookies: [String] = []
        for (name, value) in headers {
            let name = name.lowercased()
            if name == "cookie" {
                cookies += value.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            } else if let index = fields.firstIndex(where: { $0.name == name }) {
                fields[index].value += ",\(value)"
            } else {
                fields.append((name, value))
            }
        }
        let host = fields.first { $0.name == "host" }?.value ?? "localhost"
        for (name, value) in [
            ("x-forwarded-for", sourceAddress), ("x-forwarded-proto", "http"),
            ("x-forwarded-port", host.contains(":") ? String(host.split(separator: ":").last ?? "80") : "80"),
        ] where !fields.contains(where: { $0.name == name }) {
            fields.append((name, value))
        }
        var json = JSONText()
        json.object {
            $0.field("version", "2.0")
            $0.field("routeKey", "$default")
            $0.field("rawPath", path)
            $0.field("rawQueryString", String(query))
            if !cookies.isEmpty { $0.field("cookies", strings: cookies) }
            $0.field("headers") { headers in for (name, value) in fields { headers.field(name, value) } }
            if !query.isEmpty {
                $0.field("queryStringParameters") { parameters in
                    for (name, value) in Self.parameters(query) { parameters.field(name, value) }
                }
            }
            context(&$0, host: host, userAgent: fields.first { $0.name == "user-agent" }?.value, now)
            appendBody(&$0, type: fields.first { $0.name == "content-type" }?.value ?? "")
        }
        return json.bytes
    }

    private func context(_ json: inout JSONText, host: String, userAgent: String?, _ now: Date) {
        let name = String(host.prefix { $0 != ":" })
        json.field("requestContext") {
            $0.field("accountId", "anonymous")
            $0.field("apiId", "local")
            $0.field("domainName", name)
            $0.field("domainPrefix", String(name.prefix { $0 != "." }))
            $0.field("http") {
                $0.field("method", method)
                $0.field("path", path)
                $0.field("protocol", "HTTP/1.1")
                $0.field("sourceIp", sourceAddress)
                $0.field("userAgent", userAgent ?? "")
            }
            $0.field("requestId", requestID)
            $0.field("routeKey", "$default")
            $0.field("stage", "$default")
            $0.field("time", Self.time(now))
            $0.field("timeEpoch", Int(now.timeIntervalSince1970 * 1000))
        }
    }

    private func appendBody(_ json: inout JSONText, type: String) {
        guard !body.isEmpty else { return json.field("isBase64Encoded", false) }
        let isEncoded = headers.contains { $0.name.lowercased() == "content-encoding" }
        if !isEncoded, Self.isText(type), let text = String(validating: body, as: UTF8.self) {
            json.field("body", text)
            json.field("isBase64Encoded", false)
        } else {
            json.field("body", Base64.encode(body))
            json.field("isBase64Encoded", true)
        }
    }

    private static func isText(_ type: String) -> Bool {
        let type = type.lowercased().prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces)
        return type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml")
            || [
                "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded",
            ].contains(type)
    }

    /// The decoded parameters; of one that comes more than once, the values with commas between.
    package static func parameters(_ query: Substring) -> [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(parts[0])
            let value = parts.count > 1 ? decoded(parts[1]) : ""
            if let index = parameters.firstIndex(where: { $0.name == name }) {
                parameters[index].value += ",\(value)"
            } else {
                parameters.append((name, value))
            }
        }
        return parameters
    }

    private static func decoded(_ text: Substring) -> String {
        let spaced = String(text).replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? spaced
    }

    /// Such as `12/Mar/2020:19:03:58 +0000`.
    private static func time(_ now: Date) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let seconds = Int(now.timeIntervalSince1970)
        let (day, rest) = (seconds / 86_400, seconds % 86_400)
        // The civil date of a number of days since 1970, after Howard Hinnant.
        let shifted = day + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 2 : shiftedMonth - 10
        let number = year + era * 400 + (month < 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(ofYear - (153 * shiftedMonth + 2) / 5 + 1))/\(months[month])/\(number)"
            + ":\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) +0000"
    }
}
