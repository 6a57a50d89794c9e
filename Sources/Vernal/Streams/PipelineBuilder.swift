/// Collects the statements of a pipeline: each is written on a line of its own, and `if` and `for` work.
@resultBuilder
public enum PipelineBuilder {
    /// One statement.
    public static func buildExpression(_ statement: SQLQuery) -> [SQLQuery] { [statement] }

    /// Several statements.
    public static func buildExpression(_ statements: [SQLQuery]) -> [SQLQuery] { statements }

    /// The statements of a block.
    public static func buildBlock(_ parts: [SQLQuery]...) -> [SQLQuery] { parts.flatMap(\.self) }

    /// The statements of an `if` without an `else`.
    public static func buildOptional(_ part: [SQLQuery]?) -> [SQLQuery] { part ?? [] }

    /// The statements of an `if`.
    public static func buildEither(first part: [SQLQuery]) -> [SQLQuery] { part }

    /// The statements of an `else`.
    public static func buildEither(second part: [SQLQuery]) -> [SQLQuery] { part }

    /// The statements of a `for`.
    public static func buildArray(_ parts: [[SQLQuery]]) -> [SQLQuery] { parts.flatMap(\.self) }
}
