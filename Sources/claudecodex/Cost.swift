internal import Intercept
internal import Recorder

/// `claudecodex cost`
enum Cost {
    static let usage = "claudecodex cost [TRACE...|SESSION|last] [FILTER...] [--json]"
    static let doc = "Add up tokens and money by day, session, model, agent and backend."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("cost: PLACEHOLDER")
    }
}
