internal import Intercept
internal import Recorder

/// `claudecodex cat`
enum Cat {
    static let usage = "claudecodex cat [TRACE...|SESSION|last] [FILTER...] [--full]"
    static let doc = "Print records, with --full bodies put together again."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("cat: PLACEHOLDER")
    }
}
