internal import Intercept

/// Keeps tool calls from the client that a rule of `--deny-tool` names. It fails closed: arguments that cannot be read
/// are denied where a rule for that tool exists. A fence, not a wall: see ``ShellCommands`` for what a pattern cannot see.
struct ToolGuard: Interceptor {
    /// `TOOL:PATTERN`, or `TOOL` for every call of it.
    struct Rule: Sendable, Equatable {
        let text: String
        let tool: Glob
        let pattern: Glob?

        static func parse(_ text: String) -> Result<Rule, RuleProblem> {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(Text.trim)
            guard !parts[0].isEmpty, parts.count == 1 || !parts[1].isEmpty else {
                return .failure(RuleProblem(text: "expected TOOL or TOOL:PATTERN, for example 'Bash:rm -rf*'"))
            }
            return .success(
                Rule(text: text, tool: Glob(parts[0]), pattern: parts.count == 2 ? Glob(parts[1]) : nil))
        }
    }

    private let rules: [Rule]
    var isRequired: Bool { true }
    var holdsToolCalls: Bool { true }
    var seesEvents: Bool { false }

    /// Nil when there is nothing to deny.
    init?(_ rules: [Rule]) {
        if rules.isEmpty { return nil }
        self.rules = rules
    }

    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict {
        verdict(call)
    }

    func verdict(_ call: ToolCall) -> ToolVerdict {
        let rules = rules.filter { $0.tool.matches(call.name) }
        if rules.isEmpty { return .pass }
        if let rule = rules.first(where: { $0.pattern == nil }) { return deny(call, rule, "") }
        guard let arguments = call.input.isEmpty ? try? JSON.parse(Array("{}".utf8)) : call.arguments else {
            return deny(call, rules[0], "; its arguments are not JSON, so the rule could not be checked")
        }
        guard let texts = texts(call, arguments) else {
            return deny(call, rules[0], "; the command is nested too deeply to be checked")
        }
        for rule in rules {
            if let pattern = rule.pattern, texts.contains(where: { $0.matches(pattern) }) {
                return deny(call, rule, "")
            }
        }
        return .pass
    }

    private func deny(_ call: ToolCall, _ rule: Rule, _ why: String) -> ToolVerdict {
        .deny("claudecodex did not let the call of \(call.name) through: the rule '\(rule.text)' denies it\(why).")
    }

    /// What the patterns are compared with; nil when that cannot be told. Members that occur twice are all looked at:
    /// readers differ in which they take.
    private func texts(_ call: ToolCall, _ arguments: JSON) -> [Candidate]? {
        guard call.name.lowercased() == "bash" else {
            return strings(in: arguments).map { Candidate(whole: Text.trim($0)) }
        }
        var candidates: [Candidate] = []
        for (_, value) in arguments.members.filter({ $0.key.equals("command") }) {
            for command in strings(in: value) {
                guard let commands = ShellCommands.read(command) else { return nil }
                candidates.append(Candidate(whole: Text.trim(command)))
                candidates += commands.map(Candidate.init(command:))
            }
        }
        return candidates
    }

    /// Every string value, at any depth.
    private func strings(in json: JSON) -> [String] {
        switch json.kind {
        case .string: json.string.map { [$0] } ?? []
        case .array: json.elements.flatMap(strings)
        case .object: json.members.flatMap { strings(in: $0.value) }
        default: []
        }
    }
}

/// A text, and the places from which a pattern may match it to its end.
private struct Candidate {
    let scalars: [Unicode.Scalar]
    let starts: [Int]

    init(whole: String) {
        scalars = Glob.folded(whole)
        starts = [0]
    }

    /// A simple command: from its first word; from the name alone where that is a path; and, where the first word runs
    /// another program (`sudo`, `xargs`, …), from every later word.
    init(command words: [String]) {
        var scalars: [Unicode.Scalar] = []
        var starts: [Int] = []
        let isWrapped = ShellWords.runsAnother(words[0])
        for (index, word) in words.enumerated() {
            if index > 0 { scalars.append(" ") }
            let folded = Glob.folded(word)
            if index == 0 || isWrapped {
                starts.append(scalars.count)
                if let slash = folded.dropLast().lastIndex(of: "/") { starts.append(scalars.count + slash + 1) }
            }
            scalars += folded
        }
        self.scalars = scalars
        self.starts = starts
    }

    func matches(_ pattern: Glob) -> Bool { pattern.matches(scalars, from: starts) }
}
