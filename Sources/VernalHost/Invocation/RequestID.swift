import HTTPTypes

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension HTTPField.Name {
    /// The ID of the request: taken from the front, and given back to the client.
    static let requestID = HTTPField.Name("x-request-id") ?? .date
}

/// The ID of the request when it is one to trust in logs (1 to 128 visible ASCII characters), else a new one.
package func requestID(from proposed: String?) -> String {
    if let proposed, (1...128).contains(proposed.utf8.count),
        proposed.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    {
        return proposed
    }
    // `UUID()` opens a file for each.
    var generator = SystemRandomNumberGenerator()
    return UUID.random(using: &generator).uuidString.lowercased()
}
