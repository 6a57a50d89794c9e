// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "flyingfox-wrapped",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "flyingfox-wrapped", targets: ["FlyingFoxWrapped"])
    ],
    dependencies: [
        .package(url: "https://github.com/swhitty/FlyingFox.git", from: "0.27.0"),
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../.."),
    ],
    targets: [
        .executableTarget(
            name: "FlyingFoxWrapped",
            dependencies: [
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "Vernal", package: "vernal"),
            ]
        )
    ]
)
