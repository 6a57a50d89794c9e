import ArgumentParser

/// A duration on the command line: `250ms`, `3s`, `15m`, `1h`; a bare number is seconds.
struct DurationArgument: ExpressibleByArgument, Equatable {
    let value: Duration

    init(_ value: Duration) { self.value = value }

    init?(argument: String) {
        let units: [(suffix: String, milliseconds: Double)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("", 1000),
        ]
        for (suffix, milliseconds) in units where argument.hasSuffix(suffix) {
            let text = argument.dropLast(suffix.count)
            guard text.first?.isNumber == true, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }),
                let number = Double(text), number * milliseconds <= 1e12
            else { return nil }
            value = .milliseconds(1) * (number * milliseconds)
            return
        }
        return nil
    }

    var defaultValueDescription: String {
        let milliseconds = value / .milliseconds(1)
        if milliseconds < 1000 { return "\(Int(milliseconds))ms" }
        if milliseconds < 60_000 { return "\(Int(milliseconds / 1000))s" }
        return "\(Int(milliseconds / 60_000))m"
    }
}
