// swift-tools-version: 6.2
import PackageDescription

/// Every target is built with the same strictness; see `Tests/ArchitectureTests`.
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
    name: "vernal",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Vernal", targets: ["Vernal"]),
        .library(name: "VernalHost", targets: ["VernalHost"]),
        // Needs the trait RedisAdmission, and libhiredis and OpenSSL.
        .library(name: "VernalRedis", targets: ["VernalRedis"]),
        // The model by which the defaults were chosen, for examples/storm-simulator: a tool, not a library to build on.
        .library(name: "StormSimulator", targets: ["StormSimulator"]),
        .executable(name: "vernal", targets: ["VernalCLI"]),
    ],
    traits: [
        .trait(name: "Metrics", description: "The engine's numbers as metrics of swift-metrics"),
        .trait(name: "Tracing", description: "Spans of swift-distributed-tracing around acquire, connect and query"),
        .trait(name: "ServiceLifecycle", description: "An engine is a Service of swift-service-lifecycle"),
        .trait(
            name: "RedisAdmission",
            description: "Admission of connects for a whole fleet, over Redis (VernalRedis)"
        ),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.0", traits: []),
    ],
    targets: [
        // The engine.
        .systemLibrary(
            name: "CLibpq",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"]), .brew(["libpq"])]
        ),
        .target(name: "Moments", swiftSettings: strict),
        .target(name: "PoolCore", dependencies: ["Moments"], swiftSettings: strict),
        .target(name: "InvocationLifecycle", dependencies: ["Moments"], swiftSettings: strict),
        // The main queue is libdispatch's, which a program has in any case.
        .target(name: "CSwiftRuntime", linkerSettings: [.linkedLibrary("dispatch", .when(platforms: [.linux]))]),
        .target(
            name: "LibpqIO",
            dependencies: ["CLibpq", "CSwiftRuntime", "Moments"],
            // For spans of libpq's memory that are bound to what owns it.
            swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
        ),
        .target(
            name: "Vernal",
            dependencies: [
                "PoolCore", "LibpqIO", "InvocationLifecycle", "Moments",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
                .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
            ],
            swiftSettings: strict
        ),

        // Fleet-wide admission. Without the trait it is empty, and nothing looks for hiredis.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev", "libssl-dev"]), .brew(["hiredis"])]),
        .target(
            name: "VernalRedis",
            dependencies: [
                "Vernal", "LibpqIO", "Moments",
                .byName(name: "CHiredis", condition: .when(traits: ["RedisAdmission"])),
            ],
            swiftSettings: strict
        ),

        // The function host.
        .target(name: "CTraceVariable"),
        .target(
            name: "VernalHost",
            dependencies: [
                "CTraceVariable", "InvocationLifecycle",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // The tools.
        .target(
            name: "EmbeddedPostgres",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .target(name: "StormSimulator", dependencies: ["PoolCore", "Moments"], swiftSettings: strict),
        .target(
            name: "LocalFunctions",
            dependencies: [
                "Moments",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "VernalCLI",
            dependencies: [
                "EmbeddedPostgres", "LibpqIO", "LocalFunctions", "Moments", "Vernal",
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),

        // Tests.
        .target(name: "CThreadSanitizer"),
        .target(name: "CHeapUse"),
        .target(
            name: "VernalTestKit",
            dependencies: [
                "CThreadSanitizer", "EmbeddedPostgres", "LibpqIO", "Moments", "Vernal",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
        .testTarget(name: "PoolCoreTests", dependencies: ["PoolCore", "Moments"], swiftSettings: strict),
        .testTarget(name: "StormSimulatorTests", dependencies: ["StormSimulator"], swiftSettings: strict),
        .testTarget(
            name: "LibpqIOTests",
            dependencies: ["LibpqIO", "Moments", "VernalTestKit"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VernalTests",
            dependencies: [
                "Vernal", "LibpqIO", "PoolCore", "InvocationLifecycle", "Moments", "EmbeddedPostgres", "VernalTestKit",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
                .product(
                    name: "InMemoryTracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
                "VernalHost", "CHeapUse",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VernalRedisTests",
            dependencies: ["VernalRedis", "Vernal", "PoolCore", "LibpqIO", "Moments", "VernalTestKit"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VernalHostTests",
            dependencies: [
                "VernalHost", "InvocationLifecycle", "Moments",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LocalFunctionsTests",
            dependencies: [
                "LocalFunctions", "Moments",
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VernalCLITests",
            dependencies: [
                "VernalCLI", "EmbeddedPostgres", "LibpqIO", "LocalFunctions", "Vernal", "VernalTestKit",
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EmbeddedPostgresTests",
            dependencies: [
                "EmbeddedPostgres",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
    ]
)
