internal import Intercept
internal import Recorder

/// `claudecodex man`
enum ManPage {
    static let usage = "claudecodex man"
    static let doc = "Print the manual page."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("man: PLACEHOLDER")
    }
}
