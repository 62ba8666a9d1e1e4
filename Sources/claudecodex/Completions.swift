internal import Intercept

/// `claudecodex completions`: scripts for shells, made from the tables of words and flags. They ask the program nothing.
enum Completions {
    enum Shell: String, CaseIterable { case bash, zsh, fish }

    static let usage = "claudecodex completions bash|zsh|fish"
    static let doc = "Print a completion script for a shell."
    static let detail = """
        Words, the flags that go with each, their values, files, and topics of help. For this shell alone:
        `eval "$(claudecodex completions bash)"`, or `claudecodex completions fish | source`. To keep it, put the output where the
        shell looks: ~/.local/share/bash-completion/completions/claudecodex for bash, a file _claudecodex in a directory of
        $fpath for zsh, ~/.config/fish/completions/claudecodex.fish for fish.
        """

    static func run(_ arguments: Arguments, _ settings: Settings, _ environment: Environment) throws(Failure)
        -> ExitCode
    {
        let names = Shell.allCases.map(\.rawValue)
        guard arguments.operands.count == 1, let name = arguments.operands.first else {
            throw .usage("completions: for which shell?", "one of \(names.joined(separator: ", "))", usage)
        }
        guard let shell = Shell(rawValue: name) else {
            throw .usage(
                "completions: there is no shell '\(name)'" + Suggestion.phrase(for: name, in: names),
                "one of \(names.joined(separator: ", "))")
        }
        Output.data(text(shell))
        return .success
    }

    static func text(_ shell: Shell) -> String {
        switch shell {
        case .bash: BashCompletion.text
        case .zsh: ZshCompletion.text
        case .fish: FishCompletion.text
        }
    }

    /// Within single quotes of every shell of these.
    static func quoted(_ text: String) -> String { text.replacing("'", with: "'\\''") }
}

/// For bash 3.2 and later, without the package bash-completion.
enum BashCompletion {
    static var text: String {
        """
        # Completion of claudecodex for bash; made by `claudecodex completions bash`.
        _claudecodex() {
            local cur="${COMP_WORDS[COMP_CWORD]}" prev="" word=serve seen="" i IFS=$'\\n'
            [ "$COMP_CWORD" -gt 0 ] && prev="${COMP_WORDS[COMP_CWORD-1]}"
            # --flag=value comes as three words.
            if [ "$cur" = = ]; then cur=""; elif [ "$prev" = = ]; then prev="${COMP_WORDS[COMP_CWORD-2]}"; fi
            for ((i = 1; i < COMP_CWORD; i++)); do
                if [ "${COMP_WORDS[i]}" = -- ] && [ "$word" = run ]; then
                    if [ "$i" -eq $((COMP_CWORD - 1)) ]; then
                        COMPREPLY=($(compgen -c -- "$cur"))
                    else
                        _claudecodex_files
                    fi
                    return
                fi
                if [ -z "$seen" ]; then
                    case "${COMP_WORDS[i]}" in
        \(words)
                    esac
                fi
            done
            case "$prev" in
        \(values)
            esac
            if [[ $cur == -* && $word != help ]]; then
                case "$word" in
        \(flags)
                esac
                return
            fi
            if [ -z "$seen" ]; then
                COMPREPLY=($(compgen -W $'\(list(Word.allCases.map(\.rawValue)))' -- "$cur"))
                return
            fi
            case "$word" in
        \(operands)
            esac
        }
        _claudecodex_files() {
            compopt -o filenames 2>/dev/null
            COMPREPLY+=($(compgen -f -- "$cur"))
        }
        _claudecodex_directories() {
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -d -- "$cur"))
        }
        complete -F _claudecodex claudecodex

        """
    }

    private static var words: String {
        let names = Word.allCases.map(\.rawValue) + ["inspect", "ls"]
        return "            \(names.joined(separator: "|"))) word=\"${COMP_WORDS[i]}\"; seen=yes ;;"
    }

    /// What a value is, by the flag in front of it.
    private static var values: String {
        Flags.all.compactMap { flag in
            guard let completion = flag.completion else { return nil }
            let names = (["--\(flag.name.rawValue)"] + (flag.short.map { ["-\($0)"] } ?? [])).joined(separator: "|")
            return "        \(names)) \(value(completion)); return ;;"
        }.joined(separator: "\n")
    }

    private static func value(_ completion: Flag.Completion) -> String {
        switch completion {
        case .choices(let choices): "COMPREPLY=($(compgen -W $'\(list(choices))' -- \"$cur\"))"
        case .file: "_claudecodex_files"
        case .directory: "_claudecodex_directories"
        case .anything: ":"
        }
    }

    private static var flags: String {
        Word.allCases.map { word in
            let names = Flag.all(for: word).flatMap { flag in
                ["--\(flag.name.rawValue)"] + (flag.short.map { ["-\($0)"] } ?? [])
            }
            return "            \(pattern(word))) COMPREPLY=($(compgen -W $'\(list(names))' -- \"$cur\")) ;;"
        }.joined(separator: "\n")
    }

    private static var operands: String {
        Word.allCases.compactMap { word in
            switch word.operands {
            case .none: return nil
            case .traces: return "        \(pattern(word))) \(value(.choices(["last"]))); _claudecodex_files ;;"
            case .files: return "        \(pattern(word))) _claudecodex_files ;;"
            case .command: return "        \(pattern(word))) \(value(.choices(["--"]))) ;;"
            case .topics:
                return "        \(pattern(word))) \(value(.choices(Word.allCases.map(\.rawValue) + Word.topics))) ;;"
            case .choice(let choices, let thenTraces):
                let rest = thenTraces ? "\(value(.choices(["last"]))); _claudecodex_files" : ":"
                return "        \(pattern(word))) if [ \"$prev\" = \(word.rawValue) ]; then "
                    + "\(value(.choices(choices))); else \(rest); fi ;;"
            }
        }.joined(separator: "\n")
    }

    private static func pattern(_ word: Word) -> String {
        switch word {
        case .tools: "tools|inspect"
        case .sessions: "sessions|ls"
        default: word.rawValue
        }
    }

    /// A word on each line, as IFS is the line end.
    private static func list(_ words: [String]) -> String { words.joined(separator: "\\n") }
}
