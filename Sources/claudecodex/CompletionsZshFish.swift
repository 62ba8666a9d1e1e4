internal import Intercept

/// For zsh: a function of the completion system.
enum ZshCompletion {
    static var text: String {
        """
        #compdef claudecodex
        # Completion of claudecodex for zsh; made by `claudecodex completions zsh`.
        _claudecodex() {
            local context state state_descr line
            typeset -A opt_args
            local -a words_of_claudecodex
            words_of_claudecodex=(
        \(words)
            )
            _arguments -C -s \\
        \(flags(.serve))
                '1: :->word' '*:: :->rest' && return
            case $state in
            word) _describe -t commands command words_of_claudecodex ;;
            rest)
                case $words[1] in
        \(cases)
                esac ;;
            esac
        }
        if [ "$funcstack[1]" = _claudecodex ]; then _claudecodex "$@"; else compdef _claudecodex claudecodex; fi

        """
    }

    private static var words: String {
        Word.allCases.map { "        '\($0.rawValue):\(escaped($0.doc))'" }.joined(separator: "\n")
    }

    private static var cases: String {
        Word.allCases.map { word in
            let own = flags(word)
            return "        \(names(word)))\n            _arguments -s \\\n\(own)\n                \(operands(word)) ;;"
        }.joined(separator: "\n")
    }

    private static func names(_ word: Word) -> String {
        switch word {
        case .tools: "tools|inspect"
        case .sessions: "sessions|ls"
        default: word.rawValue
        }
    }

    private static func operands(_ word: Word) -> String {
        switch word.operands {
        case .none: "&& return"
        case .traces: "'*: :{ compadd last; _files }'"
        case .files: "'*:file:_files'"
        case .command: "'*::command:_normal'"
        case .topics: "'1:topic:(\((Word.allCases.map(\.rawValue) + Word.topics).joined(separator: " ")))'"
        case .choice(let choices, let thenTraces):
            "'1:form:(\(choices.joined(separator: " ")))'" + (thenTraces ? " '*: :{ compadd last; _files }'" : "")
        }
    }

    private static func flags(_ word: Word) -> String {
        Flag.all(for: word).map { "        \(spec($0)) \\" }.joined(separator: "\n")
    }

    /// `'(-l --listen)'{-l,--listen=}'[Where to listen.]:ADDR:'`
    private static func spec(_ flag: Flag) -> String {
        let long = "--\(flag.name.rawValue)" + (flag.value == nil ? "" : "=")
        let doc = "[\(escaped(flag.doc))]" + value(flag)
        guard let short = flag.short else { return "'\(flag.repeats ? "*" : "")\(long)\(doc)'" }
        let both = "{-\(short)\(flag.value == nil ? "" : "+"),\(long)}"
        let start = flag.repeats ? "'*'" : "'(-\(short) --\(flag.name.rawValue))'"
        return "\(start)\(both)'\(doc)'"
    }

    private static func value(_ flag: Flag) -> String {
        guard let completion = flag.completion, let name = flag.value else { return "" }
        switch completion {
        case .choices(let choices): return ":\(escaped(name)):(\(choices.joined(separator: " ")))"
        case .file: return ":\(escaped(name)):_files"
        case .directory: return ":\(escaped(name)):_files -/"
        case .anything: return ":\(escaped(name)):"
        }
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            if "[]:\\".contains(character) { out.append("\\") }
            out += character == "'" ? "'\\''" : String(character)
        }
        return out
    }
}

/// For fish.
enum FishCompletion {
    static var text: String {
        """
        # Completion of claudecodex for fish; made by `claudecodex completions fish`.
        complete -c claudecodex -f
        \(words)
        \(flags)
        \(operands)

        """
    }

    private static var words: String {
        Word.allCases.map {
            "complete -c claudecodex -n __fish_use_subcommand -a \($0.rawValue) -d '\(Self.escaped($0.doc))'"
        }.joined(separator: "\n")
    }

    private static func names(_ word: Word) -> String {
        switch word {
        case .tools: "tools inspect"
        case .sessions: "sessions ls"
        default: word.rawValue
        }
    }

    private static func condition(_ words: [Word]) -> String {
        // Without a word it is serve.
        let others = Word.allCases.filter { !words.contains($0) }.map(names).joined(separator: " ")
        if words.contains(.serve) {
            return others.isEmpty ? "" : " -n 'not __fish_seen_subcommand_from \(others)'"
        }
        return " -n '__fish_seen_subcommand_from \(words.map(names).joined(separator: " "))'"
    }

    private static var flags: String {
        Flags.all.map { flag in
            let short = flag.short.map { " -s \($0)" } ?? ""
            return "complete -c claudecodex\(condition(flag.words)) -l \(flag.name.rawValue)\(short)"
                + "\(value(flag)) -d '\(escaped(flag.doc))'"
        }.joined(separator: "\n")
    }

    private static func value(_ flag: Flag) -> String {
        switch flag.completion {
        case nil: ""
        case .choices(let choices): " -x -a '\(choices.joined(separator: " "))'"
        case .file: " -r -F"
        case .directory: " -x -a '(__fish_complete_directories)'"
        case .anything: " -x"
        }
    }

    private static var operands: String {
        Word.allCases.compactMap { word in
            let start = "complete -c claudecodex\(condition([word]))"
            switch word.operands {
            case .none: return nil
            case .traces: return "\(start) -F -a last"
            case .files: return "\(start) -F"
            case .command: return "\(start) -a '(__fish_complete_subcommand --fcs-skip=2)'"
            case .topics: return "\(start) -a '\((Word.allCases.map(\.rawValue) + Word.topics).joined(separator: " "))'"
            case .choice(let choices, let thenTraces):
                return "\(start)\(thenTraces ? " -F" : "") -a '\(choices.joined(separator: " "))'"
            }
        }.joined(separator: "\n")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    }
}
