internal import Intercept
internal import Recorder

/// `claudecodex export`
enum Export {
    static let usage = "claudecodex export har|md|csv|curl|fixture [SESSION|last][#N]"
    static let doc = "Write what was recorded in another form."
    static let detail = "PLACEHOLDER"

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        throw .usage("export: PLACEHOLDER")
    }
}
