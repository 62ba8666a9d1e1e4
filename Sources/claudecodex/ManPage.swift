internal import Intercept

/// `claudecodex man`: the manual page, made from the tables of words, flags and variables.
enum ManPage {
    static let usage = "claudecodex man"
    static let doc = "Print the manual page."
    static let detail = """
        For man: `claudecodex man | man -l -`. To keep it: `claudecodex man > ~/.local/share/man/man1/claudecodex.1`.
        """

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        Output.data(text)
        return .success
    }

    static var text: String {
        var page = Roff()
        page.line(".TH CLAUDECODEX 1 \(Version.date) \"claudecodex \(Version.number)\" \"User Commands\"")
        page.section("NAME")
        page.text("claudecodex - monitoring and interception proxy for Claude Code")
        page.section("SYNOPSIS")
        for (place, usage) in ["claudecodex [serve] [flags]", Word.run.usage, "claudecodex COMMAND [flags]"]
            .enumerated()
        {
            if place > 0 { page.line(".br") }
            page.text(usage)
        }
        page.section("DESCRIPTION")
        page.text(
            """
            Stands between Claude Code and its model service, records what both say, can change it, and translates for other \
            services. The traces are JSON lines; the commands that read them need nothing else.
            """)
        commands(&page)
        options(&page)
        environment(&page)
        page.section("FILES")
        for (file, meaning) in files { page.item(file, meaning) }
        page.section("EXIT STATUS")
        for (code, meaning) in codes { page.item(code, meaning) }
        page.section("EXAMPLES")
        for (command, meaning) in examples { page.item(command, meaning) }
        return page.out
    }

    private static func commands(_ page: inout Roff) {
        page.section("COMMANDS")
        for group in Word.Group.allCases {
            page.subsection(group.rawValue)
            for word in Word.allCases where word.group == group {
                page.item(word.usage, word.doc)
                for part in paragraphs(word.detail) { page.inner(part) }
            }
        }
    }

    /// Empty lines stand between them.
    private static func paragraphs(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).reduce(into: [""]) { all, line in
            if line.isEmpty { all.append("") } else { all[all.count - 1] += "\(line)\n" }
        }
        .filter { !$0.isEmpty }
    }

    private static func options(_ page: inout Roff) {
        page.section("OPTIONS")
        page.text(
            """
            Each has a variable, CLAUDECODEX_ and its name in capitals, but for those that ask for something to be done. Flags win over \
            the shell's variables, these over --env-file, --config and ./.env, in this order.
            """)
        for group in Flag.Group.allCases {
            let flags = Flags.all.filter { $0.group == group }
            if flags.isEmpty { continue }
            page.subsection(group.rawValue)
            for flag in flags {
                var text = flag.explanation
                if let fallback = flag.fallback { text += " Default: \(fallback)." }
                text += " With: \(flag.words.map(\.rawValue).joined(separator: ", "))."
                page.item(String(flag.usage.drop { $0 == " " }), text)
            }
        }
    }

    private static func environment(_ page: inout Roff) {
        page.section("ENVIRONMENT")
        for group in Help.groups {
            page.subsection(group)
            for variable in Variable.all where variable.group == group { page.item(variable.name, variable.doc) }
        }
    }

    private static let files = [
        ("$XDG_STATE_HOME/claudecodex/logs", "Traces, unless --log-dir or ./logs/.claudecodex says otherwise."),
        ("$XDG_STATE_HOME/claudecodex/redact.key", "The key under which secrets become digits in traces."),
        ("$XDG_CONFIG_HOME/claudecodex/config.env", "The user's own variables."),
        ("./.env", "Variables of a backend, and the port."),
    ]

    private static let codes = [
        ("0", "Success."), ("1", "The answer is no: nothing fits, a check failed."), ("2", "Trouble while running."),
        ("64", "A mistake on the command line."), ("65", "What was named is no trace."),
        ("69", "The address is in use."), ("74", "Traces cannot be written."),
        ("78", "Configuration: a variable or a file."), ("130", "The second ^C."),
        ("125, 126, 127", "run: the proxy failed; the command cannot be executed; it was not found."),
    ]

    private static let examples = [
        ("claudecodex run -- claude", "One session, recorded."),
        ("eval \"$(claudecodex env)\"; claude", "The same through a proxy that runs in another shell."),
        ("claudecodex tools last", "How the last session used its tools."),
        ("claudecodex export md last -o session.md", "The last session for an issue."),
    ]
}

/// Text for man(7).
private struct Roff {
    private(set) var out = ""

    mutating func line(_ text: String) { out += text + "\n" }

    mutating func section(_ title: String) { line(".SH \(title)") }

    mutating func subsection(_ title: String) { line(".SS \(Self.plain(title))") }

    /// A paragraph's words; new sentences need no line of their own.
    mutating func text(_ text: String) { line(Self.words(text)) }

    mutating func item(_ tag: String, _ text: String) {
        line(".TP")
        line("\\fB\(Self.plain(tag))\\fR")
        line(Self.words(text))
    }

    /// One more paragraph of an item.
    mutating func inner(_ text: String) {
        line(".IP")
        line(Self.words(text))
    }

    /// Wrapped, and code in bold.
    private static func words(_ text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        let marked = parts.enumerated().map {
            $0.offset % 2 == 1 ? "\\fB\(plain(String($0.element)))\\fR" : plain(String($0.element))
        }
        return Text.wrap(marked.joined(), 78).split(separator: "\n").map { line in
            line.first == "." || line.first == "'" ? "\\&" + line : String(line)
        }.joined(separator: "\n")
    }

    private static func plain(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\e"
            case "-": out += "\\-"
            case "~": out += "\\(ti"
            case "^": out += "\\(ha"
            case "`": out += "\\(ga"
            case "'": out += "\\(aq"
            case "…": out += "..."
            default: out.append(character)
            }
        }
        return out
    }
}
