/// One flag as the table describes it.
struct Flag: Sendable {
    /// The flags by their long names.
    enum Name: String, CaseIterable, Sendable {
        case listen, port, token
        case allowHost = "allow-host"
        case backend, upstream, model, strict
        case logDir = "log-dir"
        case record, redact
        case yesStoreSecrets = "yes-store-secrets"
        case denyTool = "deny-tool"
        case webSearch = "web-search"
        case format, color, quiet, verbose
        case maxBody = "max-body"
        case maxStreams = "max-streams"
        case timeout, ping
        case envFile = "env-file"
        case config, shell, calls, online, json, help, version
        // What `show` and `cat` print.
        case requestPart = "request"
        case upstreamPart = "upstream-part"
        case replyPart = "reply"
        case eventsPart = "events"
        case headersPart = "headers"
        case lossesPart = "losses"
        case full
        // Prices and rows of `cost`.
        case by, prices
        // What `export` and `import` write.
        case output, unsafe
        // How `replay` answers, and what it does beside answering.
        case pace
        case onMiss = "on-miss"
        case from, check, send, expect
        case `repeat`, parallel
        // What goes wrong on purpose.
        case fault, seed
    }

    /// The headings under which help lists them.
    enum Group: String, CaseIterable, Sendable {
        case traffic = "Traffic"
        case traces = "Traces"
        case reading = "Reading traces"
        case replay = "Replay"
        case faults = "Faults"
        case tools = "Tools"
        case output = "Output"
        case limits = "Limits"
        case files = "Files"
        case other = "Other"
    }

    let name: Name
    /// Its long name on the command line, where that is another flag's as well: the commands of both differ.
    var spelling: String?
    var short: Character?
    /// What stands for the value in help; nil for a flag without one.
    var value: String?
    /// The only values it takes, if they are few.
    var choices: [String] = []
    /// The value without the flag, as help shows it.
    var fallback: String?
    var repeats = false
    /// Has no variable.
    var isAction = false
    /// Variables of other programs that mean the same, the strongest first.
    var otherVariables: [String] = []
    let group: Group
    var words: [Word] = [.serve, .run, .replay, .env, .doctor]
    /// Shown by `-h`.
    var isCommon = false
    /// One line.
    let doc: String
    /// What else there is to know.
    var detail = ""

    /// Without the dashes.
    var long: String { spelling ?? name.rawValue }

    /// `CLAUDECODEX_LOG_DIR`
    var variable: String? {
        isAction ? nil : "CLAUDECODEX_" + name.rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// All variables that set it, the strongest first.
    var variables: [String] { (variable.map { [$0] } ?? []) + otherVariables }

    /// All there is to say, in sentences.
    var explanation: String {
        let choices =
            choices.isEmpty || value?.contains("|") ?? false ? "" : "One of \(choices.joined(separator: ", ")). "
        return doc + " " + choices + detail
    }

    /// `-l, --listen ADDR`
    var usage: String {
        let long = "--\(long)" + (value.map { " \($0)" } ?? "")
        return (short.map { "-\($0), " } ?? "    ") + long
    }
}
