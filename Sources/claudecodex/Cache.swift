internal import Intercept
internal import Recorder

/// `claudecodex cache`
enum Cache {
    static let usage = "claudecodex cache [TRACE...|SESSION|last] [FILTER...] [--json]"
    static let doc = "Explain why the prompt cache hit or missed, turn by turn."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("cache: PLACEHOLDER")
    }
}
