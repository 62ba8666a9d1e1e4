internal import Intercept
internal import Recorder

/// `claudecodex completions`
enum Completions {
    static let usage = "claudecodex completions bash|zsh|fish"
    static let doc = "Print a completion script for a shell."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("completions: PLACEHOLDER")
    }
}
