import HTTPTypes

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What the host of Azure Functions posts when it does not forward a request: the data of the bindings by their names.
///
/// See <https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers>, "Request payload".
struct AzureInvocation {
    /// The request, when an HTTP trigger began the invocation.
    let request: FunctionRequest?

    /// Reads an invocation; `nil` when the body is none.
    ///
    /// - Throws: `EventError` when there is a request in it that is broken.
    init?(_ body: [UInt8]) throws(EventError) {
        guard let members = try? JSONSlices.members(of: body),
            members.contains(where: { $0.name == "Metadata" }),
            let data = members.first(where: { $0.name == "Data" }),
            let bindings = try? JSONSlices.members(of: Array(data.value))
        else { return nil }
        for binding in bindings {
            guard let fields = try? JSONSlices.members(of: Array(binding.value)) else { continue }
            let trigger = Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first }
            if let url = Self.text(trigger["Url"]), let method = Self.text(trigger["Method"]) {
                request = try Self.request(method, url, trigger["Headers"], trigger["Body"])
                return
            }
        }
        request = nil
    }

    private static func request(
        _ method: String,
        _ url: String,
        _ headers: ArraySlice<UInt8>?,
        _ body: ArraySlice<UInt8>?
    ) throws(EventError) -> FunctionRequest {
        guard let method = HTTPRequest.Method(method), let url = try? RequestTarget(url, method: method) else {
            throw EventError("the request of the trigger is malformed")
        }
        var head = HTTPRequest(method: method, scheme: "http", authority: url.authority, path: url.path)
        let fields = headers.flatMap { try? JSONDecoder().decode([String: [String]].self, from: Data($0)) } ?? [:]
        for (name, values) in fields.sorted(by: { $0.key < $1.key }) {
            guard let name = HTTPField.Name(name) else {
                throw EventError("a header field of the trigger is malformed")
            }
            if name.canonicalName == "host" { continue }  // Is in the URL.
            for value in values { head.headerFields.append(HTTPField(name: name, value: value)) }
        }
        return FunctionRequest(head: head, body: content(body))
    }

    /// The body of a request: it comes as text, and a body in JSON may come as what it says.
    private static func content(_ value: ArraySlice<UInt8>?) -> [UInt8] {
        guard let value, !value.elementsEqual("null".utf8) else { return [] }
        return text(value).map { Array($0.utf8) } ?? Array(value)
    }

    private static func text(_ value: ArraySlice<UInt8>?) -> String? {
        value.flatMap { try? JSONSlices.string(in: $0) }
    }
}

/// What the host of Azure Functions wants to have for an answer: the same page, "Response payload".
enum AzureResult {
    /// The answer to an HTTP trigger.
    ///
    /// Twice, because an output binding is called `res` or `$return` and only the host knows which.
    ///
    /// - Throws: `EventError` for what this form has no place for.
    static func json(for response: FunctionResponse, isHead: Bool) async throws -> [UInt8] {
        let content =
            isHead || [204, 205, 304].contains(response.status.code) ? [] : try await response.body.collected()
        guard let text = String(validating: content, as: UTF8.self), response.headers[.contentEncoding] == nil else {
            throw EventError("only text can be answered here; set enableForwardingHttpRequest in host.json")
        }
        guard response.headers[values: .setCookie].count <= 1 else {
            throw EventError("only one cookie can be answered here; set enableForwardingHttpRequest in host.json")
        }
        let names = response.headers.map(\.name).filter { !EventTranslation.isFronts($0) }
        let headers = Set(names.map(\.canonicalName)).sorted().map { name in
            let value = HTTPField.Name(name).flatMap { response.headers[$0] } ?? ""
            return "\(jsonString(name)):\(jsonString(value))"
        }
        let result =
            "{\"statusCode\":\(response.status.code),\"headers\":{\(headers.joined(separator: ","))},"
            + "\"body\":\(jsonString(text))}"
        return Array("{\"Outputs\":{\"res\":\(result)},\"Logs\":[],\"ReturnValue\":\(result)}".utf8)
    }

    /// The answer to any other trigger: the result as the return value, unless it names its outputs itself.
    static func json(for result: [UInt8]) -> [UInt8] {
        let names = (try? JSONSlices.members(of: result))?.map(\.name) ?? []
        if names.contains("Outputs") || names.contains("ReturnValue") { return result }
        let value: [UInt8] =
            if result.isEmpty {
                Array("null".utf8)
            } else if (try? JSONSlices.check(result)) != nil {
                result
            } else {
                Array(jsonString(String(decoding: result, as: UTF8.self)).utf8)
            }
        return Array("{\"Outputs\":{},\"Logs\":[],\"ReturnValue\":".utf8) + value + [UInt8(ascii: "}")]
    }
}
