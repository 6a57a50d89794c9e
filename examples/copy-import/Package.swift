// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "copy-import",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "copy-import", targets: ["CopyImport"])
    ],
    dependencies: [
        // In a package of your own: .package(url: "https://github.com/OWNER/vernal.git", from: "0.1.0")
        .package(name: "vernal", path: "../..")
    ],
    targets: [
        .executableTarget(name: "CopyImport", dependencies: [.product(name: "Vernal", package: "vernal")])
    ]
)
