#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension CloudEvent {
    /// The attributes by their names in the specification, without the media type of the data, which HTTP has a place for.
    var attributes: [(name: String, value: String)] {
        var attributes = [("specversion", "1.0"), ("id", id), ("source", source), ("type", type)]
        if let subject { attributes.append(("subject", subject)) }
        if let time { attributes.append(("time", time)) }
        if let dataSchema { attributes.append(("dataschema", dataSchema)) }
        return attributes + extensions.sorted { $0.key < $1.key }
    }

    /// Makes an event of attributes that were read, and checks each against section 3 of the specification.
    init(attributes: [String: String], data: [UInt8]?) throws(CloudEventError) {
        var rest = attributes
        func required(_ name: String) throws(CloudEventError) -> String {
            guard let value = rest.removeValue(forKey: name) else {
                throw CloudEventError("the attribute \(name) is missing")
            }
            return value
        }
        for (name, value) in attributes { try Self.check(name, value) }
        guard try required("specversion") == "1.0" else {
            throw CloudEventError("the attribute specversion has to be 1.0")
        }
        self.init(id: try required("id"), source: try required("source"), type: try required("type"), data: data)
        subject = rest.removeValue(forKey: "subject")
        time = rest.removeValue(forKey: "time")
        dataContentType = rest.removeValue(forKey: "datacontenttype")
        dataSchema = rest.removeValue(forKey: "dataschema")
        extensions = rest
    }

    /// Checks an attribute that is read or written.
    static func check(_ name: String, _ value: String) throws(CloudEventError) {
        guard !name.isEmpty, name.utf8.allSatisfy(isLowerCaseLetterOrDigit), name != "data" else {
            throw CloudEventError("the name of an attribute has to be of lower-case letters and digits")
        }
        // Section 3.1: no control characters; what the specification names is not empty either.
        let isClean = value.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        guard isClean, !value.isEmpty || !specified.contains(name) else {
            throw CloudEventError("the attribute \(name.prefix(40)) is empty or has control characters")
        }
        if name == "time", date(iso8601: value) == nil {
            throw CloudEventError("the attribute time is not a time of RFC 3339")
        }
    }

    private static let specified: Set<String> = [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
    ]

    private static func isLowerCaseLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Whether the data is JSON: it says so, or it says nothing in a form where that means JSON.
    static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return true }
        let subtype = MediaType(contentType).essence.drop { $0 != "/" }.dropFirst()
        return subtype == "json" || subtype.hasSuffix("+json")
    }
}

/// The media type of a content, as far as it decides something here.
struct MediaType {
    /// Type and subtype in lower case, without parameters.
    let essence: String
    /// The parameter `charset` in lower case.
    let charset: String?

    init(_ text: String) {
        let parts = text.lowercased().split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
        essence = parts[0]
        charset = parts.dropFirst().first { $0.hasPrefix("charset=") }.map {
            $0.dropFirst("charset=".count).filter { $0 != "\"" }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
