/// The command line, taken apart: which word, which flags, what is left.
internal import Intercept

struct Arguments: Equatable {
    /// How much help was asked for.
    enum Help: Equatable { case short, long }

    /// A flag as it was given; `value` is empty for a flag without one.
    struct Given: Equatable {
        let name: Flag.Name
        let value: String
    }

    var word = Word.serve
    var given: [Given] = []
    /// `run`: the command. `help`: the topics. Commands that read traces: traces and filters.
    var operands: [String] = []
    /// `replay`: the command to run against it.
    var command: [String] = []
    var help: Help?

    private var hasWord = false

    /// Takes the arguments behind the program's name.
    init(_ arguments: [String]) throws(Failure) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                try takeCommand(Array(rest))
                break
            } else if argument.hasPrefix("--") {
                try takeLong(argument.dropFirst(2), &rest)
            } else if argument.hasPrefix("-"), argument.count > 1 {
                try takeShorts(argument.dropFirst(), &rest)
            } else {
                try takeWord(argument)
            }
            if word == .help, hasWord {
                operands = Array(rest)
                break
            }
        }
        try check()
    }

    func values(_ name: Flag.Name) -> [String] { given.filter { $0.name == name }.map(\.value) }

    func has(_ name: Flag.Name) -> Bool { given.contains { $0.name == name } }

    /// The flags of a proxy that decide what `env` prints, the address apart, as a shell reads them.
    var flagsForEnv: [String] {
        [Flag.Name.backend, .upstream, .envFile, .config].compactMap { name in
            guard let flag = Flags.row(name), let value = values(name).last else { return nil }
            return (flag.short.map { "-\($0)" } ?? "--\(flag.long)") + " " + Env.word(value)
        }
    }

    private mutating func takeLong(_ text: Substring, _ rest: inout ArraySlice<String>) throws(Failure) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let flag = Flags.named(parts[0], for: word) else {
            let names = Flags.all.map(\.long)
            throw .usage(
                "unknown flag --\(parts[0])" + Suggestion.phrase(for: parts[0], in: names, prefix: "--"),
                "`claudecodex --help` lists all flags")
        }
        guard flag.value != nil else {
            if parts.count > 1 { throw .usage("--\(flag.long) takes no value, got '\(parts[1])'") }
            return note(flag, spelled: "--\(parts[0])", "")
        }
        try takeValue(flag, "--\(parts[0])", attached: parts.count > 1 ? parts[1] : nil, &rest)
    }

    /// `-vv`, `-qp8000`, `-p 8000`: letters up to the first one that takes a value.
    private mutating func takeShorts(_ letters: Substring, _ rest: inout ArraySlice<String>) throws(Failure) {
        var letters = letters
        while let letter = letters.popFirst() {
            guard let flag = Flags.short(letter) else {
                let known = Flags.all.compactMap(\.short).map { "-\($0)" }.joined(separator: " ")
                throw .usage("unknown flag -\(letter)", "one-letter flags: \(known)")
            }
            guard flag.value != nil else {
                note(flag, spelled: "-\(letter)", "")
                continue
            }
            let attached = letters.first == "=" ? letters.dropFirst() : letters
            return try takeValue(flag, "-\(letter)", attached: letters.isEmpty ? nil : String(attached), &rest)
        }
    }

    private mutating func takeValue(
        _ flag: Flag, _ spelled: String, attached: String?, _ rest: inout ArraySlice<String>
    ) throws(Failure) {
        guard let value = attached ?? rest.popFirst(), !value.isEmpty, attached != nil || value != "--" else {
            throw .usage("\(spelled) needs a value: \(flag.usage.drop { $0 == " " })", flag.doc)
        }
        try Self.checkChoice(flag, spelled, value)
        note(flag, spelled: spelled, value)
    }

    private static func checkChoice(_ flag: Flag, _ spelled: String, _ value: String) throws(Failure) {
        guard !flag.choices.isEmpty, !flag.choices.contains(value) else { return }
        throw .usage(
            "\(spelled) \(value): expected \(flag.choices.joined(separator: ", "))"
                + Suggestion.phrase(for: value, in: flag.choices))
    }

    private mutating func note(_ flag: Flag, spelled: String, _ value: String) {
        switch flag.name {
        case .help: help = spelled == "-h" && help != .long ? .short : .long
        case .version: (word, hasWord) = (.version, true)
        default: given.append(Given(name: flag.name, value: value))
        }
    }

    private mutating func takeWord(_ text: String) throws(Failure) {
        if hasWord, word.readsTraces { return operands.append(text) }
        if hasWord {
            if word == .run { throw .usage("run: put -- before the command", "claudecodex run -- \(text) ...") }
            throw .usage("\(word.rawValue) takes no argument, got '\(text)'", word.usage)
        }
        guard let known = Word(spelled: text) else {
            let words = Word.allCases.map(\.rawValue)
            throw .usage(
                "unknown command '\(text)'" + Suggestion.phrase(for: text, in: words),
                "commands: \(words.joined(separator: ", "))",
                "to run a program through a proxy of its own: claudecodex run -- \(text)")
        }
        (word, hasWord) = (known, true)
    }

    private mutating func takeCommand(_ command: [String]) throws(Failure) {
        if word == .replay, hasWord, !command.isEmpty { return self.command = command }
        guard word == .run, hasWord else {
            throw .usage("-- belongs to run and to replay", "claudecodex run -- \(command.joined(separator: " "))")
        }
        operands = command
    }

    private func check() throws(Failure) {
        if help != nil { return }
        for one in given {
            guard let flag = Flags.row(one.name), !flag.words.contains(word) else { continue }
            let words = flag.words.map(\.rawValue).joined(separator: ", ")
            throw .usage("--\(flag.long) does not go with \(word.rawValue), only with \(words)")
        }
        if word == .run, operands.isEmpty {
            throw .usage("run: no command", "claudecodex run -- claude")
        }
    }
}
