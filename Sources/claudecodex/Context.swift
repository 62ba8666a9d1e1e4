internal import Intercept
internal import Recorder

/// `claudecodex context`
enum Context {
    static let usage = "claudecodex context [TRACE...|SESSION|last] [--json]"
    static let doc = "Show what fills the context window."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("context: PLACEHOLDER")
    }
}
