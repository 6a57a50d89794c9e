/// The frame of a plot: margins, axes, and where values go.
struct SVGPlot {
    let width = 760.0
    let height: Double
    let left = 44.0
    let right = 12.0
    let top = 12.0
    let bottom = 46.0
    let xMaximum: Double
    let yMaximum: Double
    private var content: [String] = []

    init(height: Double = 260, xMaximum: Double, yMaximum: Double) {
        self.height = height
        self.xMaximum = max(xMaximum, 1)
        self.yMaximum = max(yMaximum, 1)
    }

    func x(_ value: Double) -> Double { left + value / xMaximum * (width - left - right) }

    func y(_ value: Double) -> Double { height - bottom - value / yMaximum * (height - top - bottom) }

    mutating func add(_ element: String) { content.append(element) }

    /// A line that goes from value to value in steps.
    mutating func steps(_ points: [(x: Double, y: Double)], style: String, isFilled: Bool = false) {
        guard let first = points.first, let last = points.last else { return }
        var path = "M\(Self.number(x(first.x))) \(Self.number(y(first.y)))"
        var previous = first.y
        for point in points.dropFirst() where point.y != previous || point.x == last.x {
            path += "H\(Self.number(x(point.x)))V\(Self.number(y(point.y)))"
            previous = point.y
        }
        if isFilled { path += "V\(Self.number(y(0)))H\(Self.number(x(first.x)))Z" }
        add(#"<path class="\#(style)" d="\#(path)"/>"#)
    }

    mutating func rectangle(from: (x: Double, y: Double), to: (x: Double, y: Double), style: String, title: String) {
        let (left, right) = (x(from.x), max(x(to.x), x(from.x) + 0.5))
        let (low, high) = (y(from.y), y(to.y))
        add(
            #"<rect class="\#(style)" x="\#(Self.number(left))" y="\#(Self.number(high))" width="\#(Self.number(right - left))" "#
                + #"height="\#(Self.number(max(low - high, 0.5)))"><title>\#(HTMLText.escaped(title))</title></rect>"#
        )
    }

    /// A line across, with a name.
    mutating func level(_ value: Double, _ name: String, style: String) {
        let position = Self.number(y(value))
        add(#"<line class="\#(style)" x1="\#(left)" x2="\#(width - right)" y1="\#(position)" y2="\#(position)"/>"#)
        add(#"<text x="\#(left + 4)" y="\#(Self.number(y(value) - 5))">\#(HTMLText.escaped(name))</text>"#)
    }

    /// The whole picture.
    func svg(title: String, xName: String, hasYAxis: Bool = true) -> String {
        var axes: [String] = []
        for value in Self.ticks(xMaximum) {
            let position = Self.number(x(value))
            axes.append(
                #"<line class="grid" x1="\#(position)" x2="\#(position)" y1="\#(top)" y2="\#(height - bottom)"/>"#
            )
            axes.append(
                #"<text x="\#(position)" y="\#(height - bottom + 17)" text-anchor="middle">\#(Self.label(value))</text>"#
            )
        }
        if hasYAxis {
            for value in Self.ticks(yMaximum) where value == value.rounded() {
                let position = Self.number(y(value))
                axes.append(
                    #"<line class="grid" x1="\#(left)" x2="\#(width - right)" y1="\#(position)" y2="\#(position)"/>"#
                )
                axes.append(
                    #"<text x="\#(left - 6)" y="\#(Self.number(y(value) + 4))" text-anchor="end">\#(Self.label(value))</text>"#
                )
            }
        }
        axes.append(
            #"<text x="\#(width - right)" y="\#(height - 4)" text-anchor="end">\#(HTMLText.escaped(xName))</text>"#
        )
        return
            #"<svg viewBox="0 0 \#(Int(width)) \#(Int(height))" role="img" aria-label="\#(HTMLText.escaped(title))">"#
            + axes.joined() + content.joined() + "</svg>"
    }

    /// About five round numbers up to a maximum.
    static func ticks(_ maximum: Double) -> [Double] {
        var step = 1.0
        while maximum / step > 50 { step *= 10 }
        for factor in [1.0, 2, 5, 10] where maximum / (step * factor) <= 6 {
            step *= factor
            break
        }
        return Array(stride(from: 0, through: maximum, by: step))
    }

    private static func label(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }

    private static func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

/// Text in HTML.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        // By scalars: a quote with a combining mark behind it is another character to Swift, and a quote to a browser.
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
