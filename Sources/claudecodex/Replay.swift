internal import Intercept
internal import Recorder

/// `claudecodex replay`
enum Replay {
    static let usage = "claudecodex replay TRACE [flags]"
    static let doc = "Answer from a trace instead of a model."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        if arguments.has(.check) { return try ReplayCheck.run(arguments, settings, environment) }
        if arguments.has(.send) { return try ReplaySend.run(arguments, settings, environment) }
        throw .usage("replay: PLACEHOLDER")
    }
}
