/// The tables of words, flags and variables as Markdown: `docs/command.md` is its output.
enum HelpMarkdown {
    private static let width = 100

    static var text: String {
        """
        # The command

        Made by `claudecodex help --markdown` from the tables in `Sources/claudecodex`; `scripts/check` compares the two.

        \(words)
        ## Flags

        Every flag has a variable: `CLAUDECODEX_` and its name in capitals. Flags win over the shell's variables, these over
        `--env-file`, `--config` and `./.env`, in this order. `./.env` may set the variables of a backend and the port, and
        nothing else; an address from it is never used with a key from elsewhere.

        \(flags)
        ## Variables

        \(variables)
        ## Exit codes

        | code | when |
        |---|---|
        | 0 | success; SIGTERM or ^C after all exchanges have finished |
        | 1 | the answer is "no": nothing fits, or `doctor` found a problem |
        | 2 | trouble while running: `demo` did not come to its end |
        | 64 | unknown command, flag or value |
        | 69 | the address is in use |
        | 74 | traces cannot be written |
        | 78 | configuration: a variable or file is missing, malformed, or contradicts another |
        | 130 | the second ^C |
        | 125, 126, 127 | `run`: the proxy failed; the command is not executable; it was not found |
        | other | `run`: the command's own code, or 128+N when signal N ended it |

        """
    }

    private static var words: String {
        Word.allCases.map { "## \($0.rawValue)\n\n    \($0.usage)\n\n\(Text.wrap($0.doc + " " + $0.detail, width))\n" }
            .joined(separator: "\n")
    }

    private static var flags: String {
        Flags.all.map { flag in
            var text = "### `\(flag.usage.drop { $0 == " " })`\n\n\(Text.wrap(flag.explanation, width))\n\n"
            if let fallback = flag.fallback { text += "Default: `\(fallback)`. " }
            if !flag.variables.isEmpty { text += "Variables: \(list(flag.variables)). " }
            return text + "Commands: \(list(flag.words.map(\.rawValue))).\n"
        }.joined(separator: "\n")
    }

    private static var variables: String {
        Help.groups.map { group in
            let rows = Variable.all.filter { $0.group == group }.map { "| `\($0.name)` | \($0.doc) |\n" }
            return "### \(group)\n\n| variable | meaning |\n|---|---|\n" + rows.joined()
        }.joined(separator: "\n")
    }

    private static func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }
}
