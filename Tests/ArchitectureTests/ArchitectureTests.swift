import Foundation
import Testing

/// What the layout promises, read from the files themselves.
@Suite struct `The architecture` {
    /// What each module may import.
    ///
    /// Modules of Swift itself and of the platform may be imported by all but `PoolCore`.
    static let arrows: [String: Set<String>] = [
        "CLibpq": [],
        "CHiredis": [],
        "CSwiftRuntime": [],
        "CThreadSanitizer": [],
        "CTraceVariable": [],
        "CHeapUse": [],
        "Moments": [],
        "PoolCore": ["Moments"],
        "InvocationLifecycle": ["Moments"],
        "LibpqIO": ["CLibpq", "CSwiftRuntime", "Moments"],
        "Vernal": [
            "PoolCore", "LibpqIO", "InvocationLifecycle", "Moments", "Logging",
            // Each behind a trait of the same name.
            "Metrics", "Tracing", "ServiceLifecycle",
        ],
        "VernalRedis": ["CHiredis", "Vernal", "LibpqIO", "Moments"],
        "VernalHost": [
            "CTraceVariable", "InvocationLifecycle", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOConcurrencyHelpers",
            "HTTPTypes", "Logging", "SystemPackage",
        ],
        "EmbeddedPostgres": ["Subprocess", "SystemPackage"],
        "StormSimulator": ["PoolCore", "Moments"],
        "LocalFunctions": ["Moments", "NIOCore", "NIOPosix", "NIOHTTP1", "Subprocess", "SystemPackage"],
        "VernalCLI": [
            "EmbeddedPostgres", "LibpqIO", "LocalFunctions", "Moments", "Vernal", "ArgumentParser", "NIOHTTP1",
            "Subprocess", "SystemPackage",
        ],
        "VernalTestKit": ["EmbeddedPostgres", "Vernal", "LibpqIO", "Moments", "NIOCore", "NIOPosix"],
    ]

    static let platform: Set<String> = [
        "Synchronization", "Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Musl", "Darwin", "System",
    ]

    /// Lines that start a task outside of structured concurrency, each with its reason.
    static let unstructuredTasks: [String: String] = [
        "Sources/LibpqIO/Waiting/SocketWaiter+Main.swift:Task.detached(executorPreference: executor) {":
            "the program itself: nobody waits for it, because the process ends with it",
        "Sources/VernalTestKit/TestWay.swift:Task.detached {":
            "somebody who waits for as long as a process of tests lives",
    ]

    @Test(arguments: try SourceTree.modules())
    func `has arrows in one direction only`(module: String) throws {
        let allowed = try #require(
            Self.arrows[module],
            "the module \(module) is not in the table: where does it belong?"
        )
        for file in try SourceTree.swiftFiles(below: "Sources/\(module)") {
            for imported in file.imports where !allowed.contains(imported) {
                let isPlatform = Self.platform.contains(imported) && module != "PoolCore"
                #expect(isPlatform, "\(file.path) imports \(imported)")
            }
        }
    }

    /// The modules that may be unsafe, each with its reason.
    static let unsafeModules: [String: String] = [
        "LibpqIO": "calls libpq, and the system for what Swift has no words for",
        "VernalRedis": "calls hiredis and OpenSSL, and sends and receives on a socket of its own",
    ]

    @Test func `keeps what is unsafe in the modules that call C`() throws {
        for module in try SourceTree.modules() where Self.unsafeModules[module] == nil {
            for file in try SourceTree.swiftFiles(below: "Sources/\(module)") {
                for line in file.lines(with: "unsafe") + file.lines(with: "unchecked") {
                    Issue.record("\(file.path):\(line.number) is unsafe: \(line.text)")
                }
            }
        }
    }

    @Test func `starts no task outside of structured concurrency without a reason`() throws {
        for file in try SourceTree.swiftFiles(below: "Sources") {
            for (number, line) in file.code where line.startsTask {
                let reason = Self.unstructuredTasks["\(file.path):\(line.trimmingCharacters(in: .whitespaces))"]
                #expect(reason != nil, "\(file.path):\(number) starts a task: \(line)")
            }
        }
    }

    @Test func `knows an unstructured task when it sees one`() {
        for line in ["Task { }", "let t = Task<Void, Never> { }", "Task.detached { }", "Task(priority: .low) { }"] {
            #expect(SourceFile(path: "", text: line).startsTask, "\(line)")
        }
        for line in ["withTaskGroup(of: Int.self) { }", "Task.isCancelled", "await Task.yield()", "// Task {"] {
            #expect(!SourceFile(path: "", text: line).startsTask, "\(line)")
        }
    }

    @Test func `decides without clocks, locks, tasks and dice`() throws {
        for file in try SourceTree.swiftFiles(below: "Sources/PoolCore") {
            for word in ["async", "await", "Mutex", "Atomic", "now", "random", "Task", "Date"] {
                for line in file.lines(with: word) where !line.text.isMention(of: word) {
                    Issue.record("\(file.path):\(line.number) uses \(word): \(line.text)")
                }
            }
        }
    }

    @Test func `tests its decisions without sleeping`() throws {
        for file in try SourceTree.swiftFiles(below: "Tests/PoolCoreTests") {
            for word in ["sleep", "usleep", "yield"] {
                for line in file.lines(with: word) {
                    Issue.record("\(file.path):\(line.number) waits for real time: \(line.text)")
                }
            }
        }
    }

    @Test func `builds every target with the same strictness`() throws {
        let manifest = try String(contentsOf: SourceTree.root.appending(path: "Package.swift"), encoding: .utf8)
        let declarations =
            manifest.components(separatedBy: ".target(").dropFirst()
            + manifest.components(separatedBy: ".executableTarget(").dropFirst()
            + manifest.components(separatedBy: ".testTarget(").dropFirst()
        #expect(declarations.count >= 10)
        for declaration in declarations {
            let own = declaration.prefix { $0 != "\n" } + declaration.dropFirst().components(separatedBy: "arget(")[0]
            // No Swift in them.
            let others = ["CSwiftRuntime", "CThreadSanitizer", "CTraceVariable", "CHeapUse"]
            if others.contains(where: { own.contains("name: \"\($0)\"") }) { continue }
            #expect(own.contains("swiftSettings: strict"), "a target without the strict settings: \(own.prefix(60))")
        }
        for setting in [
            "ExistentialAny", "InternalImportsByDefault", "MemberImportVisibility", "NonisolatedNonsendingByDefault",
            "strictMemorySafety()", "treatAllWarnings(as: .error)", "swiftLanguageMode(.v6)",
        ] {
            #expect(manifest.contains(setting))
        }
    }

    @Test func `has no file that is too long to be read in a sitting`() throws {
        for file in try SourceTree.swiftFiles(below: "Sources") {
            let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(count <= 400, "\(file.path) has \(count) lines")
        }
    }

    @Test func `keeps the top level of the repository small`() throws {
        let known: Set<String> = [
            "Package.swift", "Sources", "Tests", "examples",
            "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
        ]
        let visible = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path)
            .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
        #expect(Set(visible).subtracting(known) == [])
    }
}

extension SourceFile {
    fileprivate var startsTask: Bool { code.contains { $0.text.startsTask } }
}

extension String {
    /// Whether a line starts a task that nobody waits for.
    fileprivate var startsTask: Bool { contains(#/\bTask\s*(<[^>]*>)?\s*([({]|\.detached|\.immediate)/#) }

    /// Whether a word is only the name of a parameter (`now: ContinuousClock.Instant`), which is the rule, not its breach.
    fileprivate func isMention(of word: String) -> Bool {
        word == "now" && !contains("Clock.now") && !contains("Moment.now") && !contains(#/(^|[\s(=:,])\.now/#)
    }
}

@Suite struct `The README` {
    @Test func `shows the handler that is built as an example`() throws {
        let readme = try String(contentsOf: SourceTree.root.appending(path: "README.md"), encoding: .utf8)
        let example = try String(
            contentsOf: SourceTree.root.appending(
                path: "examples/users-function/Sources/HelloFunction/HelloFunction.swift"
            ),
            encoding: .utf8
        )
        #expect(readme.contains("```swift\n\(example)```"))
    }
}
