// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "several-functions",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "several-functions", targets: ["SeveralFunctions"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../..")
    ],
    targets: [
        .executableTarget(
            name: "SeveralFunctions",
            dependencies: [.product(name: "VernalHost", package: "vernal")]
        )
    ]
)
