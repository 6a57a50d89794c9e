// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "hummingbird-wrapped",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "hummingbird-wrapped", targets: ["HummingbirdWrapped"]),
        .executable(name: "vernal-constant", targets: ["VernalConstant"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.0.0"),
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../.."),
    ],
    targets: [
        .executableTarget(
            name: "HummingbirdWrapped",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Vernal", package: "vernal"),
            ]
        ),
        .executableTarget(
            name: "VernalConstant",
            dependencies: [.product(name: "VernalHost", package: "vernal")]
        ),
    ]
)
