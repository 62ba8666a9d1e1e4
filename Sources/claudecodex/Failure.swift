/// Why the program ends early: what it says, and its exit code.
struct Failure: Error, Equatable {
    let code: ExitCode
    /// What failed, the value seen.
    let message: String
    /// What to do next, a line each.
    let hints: [String]

    init(_ code: ExitCode, _ message: String, hints: [String] = []) {
        self.code = code
        self.message = message
        self.hints = hints
    }

    /// A mistake on the command line.
    static func usage(_ message: String, _ hints: String...) -> Failure { Failure(.usage, message, hints: hints) }

    /// A mistake in a variable or a file.
    static func configuration(_ message: String, _ hints: String...) -> Failure {
        Failure(.configuration, message, hints: hints)
    }

    /// The text for stderr, with its line ends.
    var text: String {
        (["claudecodex: \(message)"] + hints.map { "  \($0)" }).joined(separator: "\n") + "\n"
    }
}

/// The exit codes of this program. `run` ends with its command's own code where there is one.
enum ExitCode: Int32 {
    case success = 0
    /// Something that should not happen while running.
    case trouble = 2
    /// Unknown word, flag or value.
    case usage = 64
    /// The answer is "no": nothing matched, a check failed.
    case negative = 1
    /// What was named is no trace.
    case noTrace = 65
    /// The address is in use.
    case unavailable = 69
    /// Traces cannot be written.
    case cannotWrite = 74
    /// A variable or a file is missing, contradicts another or is malformed.
    case configuration = 78
    /// `run`: the proxy itself failed.
    case runFailed = 125
    /// `run`: the command cannot be executed.
    case notExecutable = 126
    /// `run`: the command was not found.
    case notFound = 127
    /// The second ^C.
    case interrupted = 130
}
