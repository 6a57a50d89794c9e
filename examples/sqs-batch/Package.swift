// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "sqs-batch",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "sqs-batch", targets: ["SQSBatch"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "SQSBatch",
            dependencies: [
                .product(name: "Vernal", package: "vernal"), .product(name: "VernalHost", package: "vernal"),
            ]
        )
    ]
)
