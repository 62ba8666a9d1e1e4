internal import Intercept
internal import Recorder

/// `claudecodex replay TRACE --check`
enum ReplayCheck {
    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("replay --check: PLACEHOLDER")
    }
}
