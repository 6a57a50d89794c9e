// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "fleet-admission",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "fleet-admission", targets: ["FleetAdmission"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0", traits: ["RedisAdmission"])
        .package(name: "vernal", path: "../..", traits: ["RedisAdmission"])
    ],
    targets: [
        .executableTarget(
            name: "FleetAdmission",
            dependencies: [
                .product(name: "Vernal", package: "vernal"),
                .product(name: "VernalHost", package: "vernal"),
                .product(name: "VernalRedis", package: "vernal"),
            ]
        )
    ]
)
