internal import Intercept
internal import Recorder

/// `claudecodex show`
enum Show {
    static let usage = "claudecodex show [SESSION|last][#N] [FILTER...] [--json]"
    static let doc = "Show a session as a tree of turns, or one exchange."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("show: PLACEHOLDER")
    }
}
