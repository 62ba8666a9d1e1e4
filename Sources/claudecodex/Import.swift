internal import Intercept
internal import Recorder

/// `claudecodex import`
enum Import {
    static let usage = "claudecodex import FILE..."
    static let doc = "Turn recordings of other tools into traces."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("import: PLACEHOLDER")
    }
}
