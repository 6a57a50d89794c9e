// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "vernal", path: "../..")],
    targets: [
        // libpq, for the peer written in C. The engine's own `CLibpq` is not a product.
        .systemLibrary(
            name: "CBenchLibpq",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"]), .brew(["libpq"])]
        ),
        // What is measured against, and what measures: counters, clocks, CPU placement.
        .target(name: "CBench", dependencies: ["CBenchLibpq"]),
        .executableTarget(
            name: "benchmarks",
            dependencies: ["CBench", .product(name: "Vernal", package: "vernal")],
            swiftSettings: strict
        ),
        // The least that a function does, for cold-start.sh and instructions.sh.
        .executableTarget(
            name: "first-row",
            dependencies: [.product(name: "Vernal", package: "vernal")],
            swiftSettings: strict
        ),
    ]
)
