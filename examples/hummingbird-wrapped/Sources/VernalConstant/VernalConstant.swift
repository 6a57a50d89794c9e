import VernalHost

/// Vernal's own host with a constant answer, for `compare.sh`.
@main struct VernalConstant {
    static func main() async throws {
        try await FunctionHost.serve { _, _ in .text("hello\n") }
    }
}
