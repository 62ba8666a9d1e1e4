internal import Intercept
internal import Recorder

/// `claudecodex statusline`
enum StatusLine {
    static let usage = "claudecodex statusline"
    static let doc = "Print one line for the client's status bar."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("statusline: PLACEHOLDER")
    }
}
