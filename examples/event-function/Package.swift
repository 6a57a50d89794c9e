// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "event-function",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "event-function", targets: ["EventFunction"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../..")
    ],
    targets: [
        .executableTarget(name: "EventFunction", dependencies: [.product(name: "VernalHost", package: "vernal")])
    ]
)
