import Foundation
import Subprocess

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// Looks for changed files and has the program built again.
struct SourceWatcher: Sendable {
    let folder: String
    /// What the shell is given to build the program.
    let build: String?

    /// Calls back after each change, once the build succeeded.
    func run(say: @Sendable (String) -> Void, changed: @Sendable () -> Void) async {
        var last = newest()
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            let now = newest()
            guard now != last, !Task.isCancelled else { continue }
            last = now
            guard let build else {
                say("files changed: the environments are replaced")
                changed()
                continue
            }
            say("files changed: \(build)")
            let result = try? await Subprocess.run(
                .path("/bin/sh"),
                arguments: ["-c", build],
                output: .currentStandardError,
                error: .currentStandardError
            )
            guard result?.terminationStatus.isSuccess == true else {
                say("the build failed: the environments keep the old program")
                continue
            }
            // What the build wrote is not a change.
            last = newest()
            say("built: the environments are replaced")
            changed()
        }
    }

    /// The newest change and the number of files; folders that tools write to are left out.
    private func newest() -> [Double] {
        let files = FileManager.default.enumerator(
            at: URL(filePath: folder),
            includingPropertiesForKeys: [.contentModificationDateKey, .isDirectoryKey],
            options: [.skipsHiddenFiles]
        )
        var newest = 0.0
        var count = 0.0
        while let file = files?.nextObject() as? URL {
            let values = try? file.resourceValues(forKeys: [.contentModificationDateKey, .isDirectoryKey])
            if values?.isDirectory == true { continue }
            count += 1
            newest = max(newest, values?.contentModificationDate?.timeIntervalSince1970 ?? 0)
        }
        return [newest, count]
    }
}
