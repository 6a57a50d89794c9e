#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The JSON event format: <https://github.com/cloudevents/spec/blob/main/cloudevents/formats/json-format.md>.
extension CloudEvent {
    /// Reads an event in the JSON format.
    ///
    /// Data that is JSON is taken as it is, byte for byte.
    package init(json bytes: [UInt8]) throws(CloudEventError) {
        let members: [(name: String, value: ArraySlice<UInt8>)]
        do { members = try JSONSlices.members(of: bytes) } catch {
            throw CloudEventError("the event is not a JSON object")
        }
        var attributes: [String: String] = [:]
        var content: ArraySlice<UInt8>?
        var base64: ArraySlice<UInt8>?
        for (name, value) in members {
            switch name {
            case "data": content = value
            case "data_base64" where !value.elementsEqual("null".utf8): base64 = value
            case "data_base64": break
            default: attributes[name] = try Self.attribute(value, name)
            }
        }
        guard content == nil || base64 == nil else { throw CloudEventError("data and data_base64 exclude each other") }
        var data: [UInt8]?
        if let content {
            data = try Self.data(content, contentType: attributes["datacontenttype"])
            // Section 3.1.2: what is implied in this form is not implied in others.
            if attributes["datacontenttype"] == nil { attributes["datacontenttype"] = "application/json" }
        } else if let base64 {
            guard let text = try? JSONSlices.string(in: base64), let decoded = Data(base64Encoded: text) else {
                throw CloudEventError("data_base64 is not Base64")
            }
            data = Array(decoded)
        }
        try self.init(attributes: attributes, data: data)
    }

    /// Reads a batch of events in the JSON format.
    package static func batch(json bytes: [UInt8]) throws(CloudEventError) -> [CloudEvent] {
        let elements: [ArraySlice<UInt8>]
        do { elements = try JSONSlices.elements(of: bytes) } catch {
            throw CloudEventError("the batch is not a JSON array")
        }
        var events: [CloudEvent] = []
        for element in elements { events.append(try CloudEvent(json: Array(element))) }
        return events
    }

    /// The event in the JSON format.
    package func json() throws(CloudEventError) -> [UInt8] {
        var members: [String] = []
        for (name, value) in attributes {
            try Self.check(name, value)
            members.append("\(jsonString(name)):\(jsonString(value))")
        }
        if let dataContentType { members.append("\"datacontenttype\":\(jsonString(dataContentType))") }
        var json = Array("{\(members.joined(separator: ","))".utf8)
        if let data {
            if Self.isJSON(dataContentType), (try? JSONSlices.check(data)) != nil {
                json += Array(",\"data\":".utf8) + data
            } else if !Self.isJSON(dataContentType), let text = String(validating: data, as: UTF8.self) {
                json += Array(",\"data\":\(jsonString(text))".utf8)
            } else {
                json += Array(",\"data_base64\":\"\(Data(data).base64EncodedString())\"".utf8)
            }
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// The text of an attribute; `nil` for null, which means that it is not set.
    private static func attribute(_ value: ArraySlice<UInt8>, _ name: String) throws(CloudEventError) -> String? {
        switch value.first {
        case UInt8(ascii: "\""):
            if let text = try? JSONSlices.string(in: value) { return text }
        case UInt8(ascii: "n"): return nil
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return String(decoding: value, as: UTF8.self)
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?:
            let text = String(decoding: value, as: UTF8.self)
            // Section 3.1.1 of the specification: whole numbers of 32 bits.
            if Int32(text) != nil { return text }
        default: break
        }
        throw CloudEventError("the attribute \(name.prefix(40)) is not a text, a whole number or a boolean")
    }

    private static func data(
        _ value: ArraySlice<UInt8>,
        contentType: String?
    ) throws(CloudEventError) -> [UInt8] {
        if isJSON(contentType) { return Array(value) }
        guard let text = try? JSONSlices.string(in: value) else {
            throw CloudEventError("data that is not JSON has to be a string")
        }
        return Array(text.utf8)
    }
}
