// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "iam-token",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "iam-token", targets: ["IAMToken"]),
        .executable(name: "sign-token", targets: ["SignToken"]),
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../.."),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
    ],
    targets: [
        // Signs; knows no database and no engine.
        .target(name: "DatabaseToken", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .executableTarget(
            name: "IAMToken",
            dependencies: [
                "DatabaseToken",
                .product(name: "Vernal", package: "vernal"), .product(name: "VernalHost", package: "vernal"),
            ]
        ),
        // Prints a token for a given moment, so that others can check it.
        .executableTarget(name: "SignToken", dependencies: ["DatabaseToken"]),
    ]
)
