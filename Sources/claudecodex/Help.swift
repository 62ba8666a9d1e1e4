internal import Backends
internal import Intercept

/// Help in its three forms, from the tables of words, flags and variables.
enum Help {
    private static let purpose = "Record and change what Claude Code says to its model."

    private static let width = 80

    /// What `-h`, `--help` and `help` print.
    static func answer(_ arguments: Arguments, shell: [String: String]) throws(Failure) -> String {
        if arguments.help == .short { return short }
        let current = Current(shell)
        if arguments.help == .long { return arguments.word == .serve ? long(current) : word(arguments.word) }
        guard let topic = arguments.operands.first else { return long(current) }
        if arguments.operands.count > 1 { throw .usage("help takes one topic, got \(arguments.operands.count)") }
        switch topic {
        case "--markdown": return HelpMarkdown.text
        case "--providers": return ProvidersMarkdown.text
        default: return try explain(topic, current)
        }
    }

    /// One screen: at most 24 lines of 80 columns.
    static var short: String {
        let flags = Flags.all.filter(\.isCommon).enumerated().map { index, flag in
            (index == 0 ? "Flags  " : "       ") + Text.left(flag.usage, 29) + flag.doc
        }
        let groups = Word.Group.allCases.map { group in
            let words = Word.allCases.filter { $0.group == group }.map(\.rawValue)
            return Text.left(group.rawValue, 14) + words.joined(separator: " ")
        }
        return """
            \(purpose)

            claudecodex [serve] [flags]    claudecodex run [flags] -- CMD [ARG...]

            \(groups.joined(separator: "\n"))

            Try    claudecodex run -- claude                 # one session, traced
                   claudecodex                               # until ^C; in another shell:
                   eval "$(claudecodex env)"; claude

            \(flags.joined(separator: "\n"))

            `claudecodex --help` lists everything; `claudecodex help WORD` explains one.

            """
    }

    static func long(_ current: Current) -> String {
        var text = purpose + "\n\n"
        for word in Word.allCases { text += "  " + Text.left(word.usage, 47) + word.doc + "\n" }
        for group in Flag.Group.allCases {
            text += "\n\(group.rawValue)\n"
            for flag in Flags.all where flag.group == group { text += row(flag, current) }
        }
        text += "\nEvery flag has a variable: CLAUDECODEX_ and its name in capitals, such as CLAUDECODEX_LOG_DIR.\n"
        text += "Flags win over the shell's variables, these over --env-file, --config and ./.env, in this order.\n"
        for group in groups {
            text += "\n\(group)\n"
            for variable in Variable.all where variable.group == group {
                text += "  " + Text.left(variable.name, 31) + variable.doc + "\n"
            }
        }
        return text
    }

    static var groups: [String] {
        Variable.all.reduce(into: []) { if !$0.contains($1.group) { $0.append($1.group) } }
    }

    private static func row(_ flag: Flag, _ current: Current) -> String {
        "  " + Text.left(flag.usage, 31) + flag.doc + current.note(flag) + "\n"
    }

    private static func word(_ word: Word) -> String {
        "\(word.doc)\n\n  \(word.usage)\n\n\(Text.wrap(word.detail, width))\n"
    }

    /// A command, a flag (with or without its dashes) or a variable.
    static func explain(_ topic: String, _ current: Current) throws(Failure) -> String {
        if let word = Word(rawValue: topic), !topic.hasPrefix("-") { return self.word(word) }
        if let flag = flag(topic) { return explain(flag, current) }
        if let variable = Variable.named(topic) {
            return "\(variable.name)   (\(variable.group))\n\n\(variable.doc)\n\(current.value(variable.name))"
        }
        let known = Word.allCases.map(\.rawValue) + Flags.all.flatMap { [$0.name.rawValue] + $0.variables }
        throw .usage(
            "no help for '\(topic)'" + Suggestion.phrase(for: topic, in: known + Variable.all.map(\.name)),
            "`claudecodex --help` lists everything")
    }

    private static func flag(_ topic: String) -> Flag? {
        if let flag = Flags.all.first(where: { $0.variables.contains(topic) }) { return flag }
        let name = String(topic.drop { $0 == "-" })
        return name.count == 1 ? name.first.flatMap(Flags.short) : Flags.named(name)
    }

    private static func explain(_ flag: Flag, _ current: Current) -> String {
        var text = "\(flag.usage.drop { $0 == " " })\n\n\(Text.wrap(flag.explanation, width))\n"
        if let fallback = flag.fallback { text += "\nDefault: \(fallback)" }
        if !flag.variables.isEmpty { text += "\nVariables: \(flag.variables.joined(separator: ", "))" }
        text += "\nCommands: \(flag.words.map(\.rawValue).joined(separator: ", "))\n"
        return text + flag.variables.map(current.value).joined()
    }
}

/// What the environment says now, so that help can show the value in effect.
struct Current {
    private let shell: [String: String]

    init(_ shell: [String: String]) { self.shell = shell }

    /// `   [delta]`, or `   [full, from CLAUDECODEX_RECORD]`
    func note(_ flag: Flag) -> String {
        for name in flag.variables {
            guard let value = shell[name], !value.isEmpty else { continue }
            return "   [\(Self.isSecret(name) ? "set" : Text.printable(value)), from \(name)]"
        }
        return flag.fallback.map { "   [\($0)]" } ?? ""
    }

    /// A line about a variable that is set; keys are not shown.
    func value(_ name: String) -> String {
        guard let value = shell[name], !value.isEmpty else { return "" }
        return "\(name) is set in the shell" + (Self.isSecret(name) ? "" : ": \(Text.printable(value))") + "\n"
    }

    private static func isSecret(_ name: String) -> Bool { name.hasSuffix("_KEY") || name.hasSuffix("_TOKEN") }
}
