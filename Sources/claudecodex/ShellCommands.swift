/// The simple commands in a shell text, as lists of words without quotes. A reader for guards: where it is in doubt it
/// finds a command too many. It sees through separators, quotes, backslashes, comments, redirections, assignments and
/// reserved words in front, `$(…)` and backticks, `sh -c` and `eval`; every line is also read by itself, because a quote
/// in a here-document is no quote. It does not see what only a running shell knows: variables, globs, brace expansion,
/// aliases, functions, encoded or downloaded scripts, programs in other languages.
struct ShellCommands {
    /// A text that holds more scripts in scripts than this is not read to its end.
    private static let depthLimit = 16

    private let text: [UInt8]
    private var at = 0
    private var depth = 0
    private var isTooDeep = false
    private var commands: [[String]] = []
    private var words: [String] = []
    private var word: [UInt8] = []
    private var hasWord = false
    /// The next word is a redirection's target.
    private var skipsWord = false
    /// Texts that a shell would read as commands: what stands in backticks, the argument of `sh -c`.
    private var scripts: [String] = []

    private init(_ text: String) { self.text = Array(text.utf8) }

    /// Nil when the text is nested too deeply to be read: whoever guards should then refuse.
    static func read(_ text: String) -> [[String]]? {
        var found: [[String]] = []
        var texts = [text] + (text.utf8.contains(0x0A) ? text.split(separator: "\n").map(String.init) : [])
        var budget = 16 * text.utf8.count + 4096
        for _ in 0..<depthLimit {
            var next: [String] = []
            for text in texts {
                budget -= text.utf8.count + 1
                guard budget > 0 else { return nil }
                var reader = ShellCommands(text)
                reader.readCommands()
                if reader.isTooDeep { return nil }
                found += reader.commands
                next += reader.scripts
            }
            if next.isEmpty { return found }
            texts = next
        }
        return nil
    }

    /// Commands up to the end, or to the `)` that closes a substitution.
    private mutating func readCommands(isSubstitution: Bool = false) {
        var open = 0
        while at < text.count {
            let byte = text[at]
            at += 1
            switch byte {
            case UInt8(ascii: "("):
                endCommand()
                open += 1
            case UInt8(ascii: ")"):
                endCommand()
                if isSubstitution, open == 0 { return }
                open -= 1
            case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "`"), 0x0A: endCommand()
            default: readPart(byte)
            }
        }
        endCommand()
    }

    private mutating func readPart(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\\"):
            if at < text.count, text[at] != 0x0A { add(text[at]) }
            at += 1
        case UInt8(ascii: "'"): readSingleQuoted()
        case UInt8(ascii: "\""): readDoubleQuoted()
        case UInt8(ascii: "$") where peek == UInt8(ascii: "'") || peek == UInt8(ascii: "\""): break
        case UInt8(ascii: "#") where !hasWord: at = text[at...].firstIndex(of: 0x0A) ?? text.count
        case UInt8(ascii: " "), UInt8(ascii: "\t"): endWord()
        case UInt8(ascii: "<"), UInt8(ascii: ">"): readRedirection()
        default: add(byte)
        }
    }

    private var peek: UInt8? { at < text.count ? text[at] : nil }

    private mutating func add(_ byte: UInt8) {
        word.append(byte)
        hasWord = true
    }

    private mutating func readSingleQuoted() {
        hasWord = true
        let end = text[at...].firstIndex(of: UInt8(ascii: "'")) ?? text.count
        word += text[at..<end]
        at = end + 1
    }

    private mutating func readDoubleQuoted() {
        hasWord = true
        while let byte = peek, byte != UInt8(ascii: "\"") {
            at += 1
            switch byte {
            case UInt8(ascii: "\\"): readEscape()
            case UInt8(ascii: "`"): readBackticks()
            case UInt8(ascii: "$") where peek == UInt8(ascii: "("): readSubstitution()
            default: word.append(byte)
            }
        }
        at += 1
    }

    /// A backslash in double quotes: it stays, except before what it protects.
    private mutating func readEscape() {
        guard let byte = peek else { return }
        at += 1
        if byte == 0x0A { return }
        if !"\"\\$`".utf8.contains(byte) { word.append(UInt8(ascii: "\\")) }
        word.append(byte)
    }

    private mutating func readBackticks() {
        let end = text[at...].firstIndex(of: UInt8(ascii: "`")) ?? text.count
        scripts.append(String(decoding: text[at..<end], as: UTF8.self))
        at = end + 1
    }

    /// `$(…)` in double quotes: commands of their own inside a word.
    private mutating func readSubstitution() {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            isTooDeep = true
            at = text.count
            return
        }
        at += 1
        let outer = (words, word, hasWord, skipsWord)
        (words, word, hasWord, skipsWord) = ([], [], false, false)
        readCommands(isSubstitution: true)
        (words, word, hasWord, skipsWord) = outer
    }

    /// `>file`, `2>&1`, `<<<text`: neither the sign nor what follows is a word of the command.
    private mutating func readRedirection() {
        if word.allSatisfy({ (0x30...0x39).contains($0) }) { (word, hasWord) = ([], false) }
        endWord()
        while let byte = peek, "<>&|".utf8.contains(byte) { at += 1 }
        while let byte = peek, " \t".utf8.contains(byte) { at += 1 }
        skipsWord = true
    }

    private mutating func endWord() {
        guard hasWord else { return }
        let text = String(decoding: word, as: UTF8.self)
        (word, hasWord) = ([], false)
        if skipsWord {
            skipsWord = false
        } else if !words.isEmpty || !ShellWords.isPrefix(text) {
            words.append(text)
        }
    }

    private mutating func endCommand() {
        endWord()
        skipsWord = false
        guard !words.isEmpty else { return }
        commands.append(words)
        scripts += ShellWords.scripts(in: words)
        words = []
    }
}

/// What words mean at certain places of a command.
enum ShellWords {
    private static let wrappers: Set<String> = [
        "sudo", "doas", "env", "command", "builtin", "exec", "nohup", "nice", "ionice", "timeout", "xargs", "setsid",
        "stdbuf", "busybox", "find", "time", "parallel", "watch", "chroot", "su", "ssh", "docker", "podman", "unshare",
        "script", "coproc", "caffeinate", "strace", "runuser", "flock", "chrt", "taskset",
    ]
    private static let shells: Set<String> = [
        "sh", "bash", "zsh", "dash", "ksh", "fish", "ash", "su", "ssh", "script", "watch", "env", "xargs", "flock",
        "parallel",
    ]
    private static let reserved: Set<String> = [
        "if", "then", "elif", "else", "while", "until", "do", "!", "{", "}", "fi", "done", "esac",
    ]

    /// Whether this program runs the program that its arguments name.
    static func runsAnother(_ name: String) -> Bool { wrappers.contains(base(name)) }

    /// What may stand before a command's name: `X=1`, `if`, `!`, `{`.
    static func isPrefix(_ word: String) -> Bool {
        if reserved.contains(word) { return true }
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return false }
        return word[..<equals].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "+") }
    }

    /// The arguments of a command that a shell reads as commands again.
    static func scripts(in words: [String]) -> [String] {
        var found: [String] = []
        let last = runsAnother(words[0]) ? words.count : 1
        for index in 0..<last {
            let rest = words[(index + 1)...]
            switch base(words[index]) {
            case "eval", "trap": found.append(rest.joined(separator: " "))
            case let name where shells.contains(name): found += rest.filter { !$0.hasPrefix("-") }
            default: continue
            }
            return found
        }
        return found
    }

    /// The name behind the last slash, in lower case.
    private static func base(_ name: String) -> String { String(name.split(separator: "/").last ?? "").lowercased() }
}
