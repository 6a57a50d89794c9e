import Foundation

/// A line chart with a logarithmic x axis, as a small SVG.
struct Plot {
    struct Series {
        let name: String
        let points: [(x: Double, y: Double)]
    }

    let title: String
    let xLabel: String
    let yLabel: String
    let yMax: Double
    let series: [Series]

    private static let (width, height) = (640.0, 360.0)
    private static let (left, right, top, bottom) = (60.0, 150.0, 40.0, 50.0)
    private static let colours = ["#c0392b", "#2c7fb8", "#27ae60", "#8e44ad", "#d68910", "#34495e"]

    var svg: String {
        let xs = series.flatMap(\.points).map(\.x)
        guard let least = xs.min(), let most = xs.max(), least > 0, most > least else { return "" }
        func x(_ value: Double) -> Double {
            Self.left + (log10(value) - log10(least)) / (log10(most) - log10(least))
                * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - min(1, value / yMax) * (Self.height - Self.top - Self.bottom)
        }
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Int(Self.width))\" height=\"\(Int(Self.height))\" "
                + "viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            text(title, x: Self.left, y: 22, size: 14),
            text(xLabel, x: (Self.left + Self.width - Self.right) / 2, y: Self.height - 12, anchor: "middle"),
            text(yLabel, x: Self.left, y: Self.top - 6, size: 11),
        ]
        for step in 0...4 {
            let value = yMax * Double(step) / 4
            parts.append(line(x(least), y(value), x(most), y(value), "#dddddd"))
            parts.append(text(number(value), x: Self.left - 6, y: y(value) + 4, anchor: "end"))
        }
        for value in Set(xs).sorted() {
            parts.append(line(x(value), y(0), x(value), y(0) + 4, "#555555"))
            parts.append(text(number(value), x: x(value), y: y(0) + 18, anchor: "middle"))
        }
        for (index, one) in series.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let points = one.points.map { "\(number(x($0.x))),\(number(y($0.y)))" }.joined(separator: " ")
            parts.append("<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
            let legend = Self.top + 18 * Double(index)
            parts.append(line(Self.width - Self.right + 14, legend, Self.width - Self.right + 34, legend, colour, 2))
            parts.append(text(one.name, x: Self.width - Self.right + 40, y: legend + 4))
        }
        return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private func text(_ text: String, x: Double, y: Double, size: Int = 12, anchor: String = "start") -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(size)\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    private func line(
        _ x1: Double,
        _ y1: Double,
        _ x2: Double,
        _ y2: Double,
        _ colour: String,
        _ width: Int = 1
    ) -> String {
        "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
            + "stroke=\"\(colour)\" stroke-width=\"\(width)\"/>"
    }

    private func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(format: "%.1f", value)
    }
}
