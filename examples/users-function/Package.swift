// swift-tools-version: 6.2
import PackageDescription

let vernal: [Target.Dependency] = [
    .product(name: "Vernal", package: "vernal"),
    .product(name: "VernalHost", package: "vernal"),
]

let package = Package(
    name: "users-function",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "users-function", targets: ["UsersFunction"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../..")
    ],
    targets: [
        .executableTarget(name: "UsersFunction", dependencies: vernal),
        // The handler that the README begins with.
        .executableTarget(name: "HelloFunction", dependencies: vernal),
    ]
)
