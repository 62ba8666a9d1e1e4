internal import Intercept
internal import Recorder

/// `claudecodex diff`
enum DiffCommand {
    static let usage = "claudecodex diff A B [--json]"
    static let doc = "Show what changed between two requests or sessions."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("diff: PLACEHOLDER")
    }
}
