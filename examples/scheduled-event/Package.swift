// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "scheduled-event",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "scheduled-event", targets: ["ScheduledEvent"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "ScheduledEvent",
            dependencies: [
                .product(name: "Vernal", package: "vernal"), .product(name: "VernalHost", package: "vernal"),
            ]
        )
    ]
)
