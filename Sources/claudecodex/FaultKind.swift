internal import Intercept

/// The kinds of faults that `--fault` knows, each with its value and its options.
struct FaultKind {
    let name: String
    /// How it is written: `cut[=EVENTS]`.
    let usage: String
    let doc: String

    static let all = [
        FaultKind(
            name: "status", usage: "status=CODE[,retry-after=SECONDS]",
            doc: "answered with this status (400 to 599); nothing is sent"),
        FaultKind(name: "wait", usage: "wait=TIME", doc: "the answer begins so much later"),
        FaultKind(name: "slow", usage: "slow=N", doc: "N events a second"),
        FaultKind(name: "drip", usage: "drip=N", doc: "N bytes a second"),
        FaultKind(name: "cut", usage: "cut[=EVENTS]", doc: "the connection is closed behind so many events (3)"),
        FaultKind(
            name: "stall", usage: "stall[=TIME]",
            doc: "inside a tool call's arguments nothing more comes, for so long or until the client leaves"),
        FaultKind(
            name: "error", usage: "error[=TYPE][,after=EVENTS]",
            doc: "an error event (overloaded_error) behind so many events (3) ends the stream"),
        FaultKind(
            name: "split", usage: "split", doc: "characters of several bytes are cut across two writes; harmless"),
        FaultKind(name: "index", usage: "index[=N]", doc: "the pieces of a block name block N, or the next one"),
        FaultKind(name: "names", usage: "names", doc: "the event: lines are lost"),
    ]

    static var usages: String { all.map(\.usage).joined(separator: "  ") }

    /// Behind so many events a fault acts unless the rule says otherwise.
    private static let fewEvents = 3

    /// What the first word of a rule asks for.
    static func effect(_ word: FaultWord) throws(RuleProblem) -> FaultRule.Effect {
        let parts = FaultWord.parts(word.text, ",", from: word.column)
        guard let head = parts.first else { throw word.problem("no kind of fault is named; kinds: \(usages)") }
        let (name, value) = pair(head)
        guard all.contains(where: { $0.name == name.text }) else {
            throw name.problem(
                "there is no fault '\(name.text)'\(Suggestion.phrase(for: name.text, in: all.map(\.name))); kinds: \(usages)"
            )
        }
        let options = try options(parts.dropFirst(), of: name.text)
        return try effect(name, value, options)
    }

    private static func pair(_ word: FaultWord) -> (name: FaultWord, value: FaultWord?) {
        guard let equals = word.text.firstIndex(of: "=") else { return (word, nil) }
        let name = String(word.text[..<equals])
        let value = String(word.text[word.text.index(after: equals)...])
        return (
            FaultWord(text: name, column: word.column), FaultWord(text: value, column: word.column + name.count + 1)
        )
    }

    private static func options(
        _ parts: ArraySlice<FaultWord>, of kind: String
    ) throws(RuleProblem) -> [String: FaultWord] {
        let known = ["status": ["retry-after"], "error": ["after"]][kind] ?? []
        var out: [String: FaultWord] = [:]
        for part in parts {
            let (name, value) = pair(part)
            guard known.contains(name.text), let value else {
                let words = known.isEmpty ? "'\(kind)' has no options" : "options of '\(kind)': \(known[0])=…"
                throw name.problem("'\(part.text)' is not understood; \(words)")
            }
            out[name.text] = value
        }
        return out
    }

    private static func effect(
        _ name: FaultWord, _ value: FaultWord?, _ options: [String: FaultWord]
    ) throws(RuleProblem) -> FaultRule.Effect {
        switch name.text {
        case "status": return try status(name, value, options["retry-after"])
        case "wait": return .wait(milliseconds: try time(name, value))
        case "slow": return .damage(.slow(eventsPerSecond: Double(try number(name, value, 1...1000))))
        case "drip": return .damage(.drip(bytesPerSecond: try number(name, value, 1...1_000_000)))
        case "cut": return .damage(.cut(events: try events(name, value) ?? fewEvents))
        case "stall": return .damage(.stall(milliseconds: value == nil ? nil : try time(name, value)))
        case "error":
            let error = try error(value)
            return .damage(.error(error, events: try events(name, options["after"]) ?? fewEvents))
        case "index": return .damage(.index(value == nil ? nil : try number(name, value, 0...1000)))
        case "split": return .damage(.split)
        default: return .damage(.unnamed)
        }
    }

    private static func status(
        _ name: FaultWord, _ value: FaultWord?, _ retryAfter: FaultWord?
    ) throws(RuleProblem) -> FaultRule.Effect {
        let status = try number(name, value, 400...599)
        if let retryAfter, !(Double(retryAfter.text).map { (0...1_000_000).contains($0) } ?? false) {
            throw retryAfter.problem("'\(retryAfter.text)' is no number of seconds from 0 to 1000000")
        }
        return .status(status, retryAfter: retryAfter?.text)
    }

    private static func error(_ value: FaultWord?) throws(RuleProblem) -> MessageError {
        let type = value?.text ?? "overloaded_error"
        let statuses = [400, 401, 402, 403, 404, 413, 429, 500, 504, 529]
        guard let status = statuses.first(where: { MessageError.type(for: $0) == type }) else {
            let types = statuses.map { MessageError.type(for: $0) }
            throw (value ?? FaultWord(text: type, column: 1)).problem(
                "there is no error type '\(type)'\(Suggestion.phrase(for: type, in: types)); "
                    + "types: \(types.joined(separator: " "))")
        }
        return MessageError(status, type, "claudecodex: made to fail by --fault error")
    }

    private static func events(_ name: FaultWord, _ value: FaultWord?) throws(RuleProblem) -> Int? {
        value == nil ? nil : try number(name, value, 0...1_000_000)
    }

    private static func number(
        _ name: FaultWord, _ value: FaultWord?, _ range: ClosedRange<Int>
    ) throws(RuleProblem) -> Int {
        if let value, let number = Int(value.text), range.contains(number) { return number }
        let usage = all.first { $0.name == name.text }?.usage ?? name.text
        throw (value ?? name).problem(
            "'\(value?.text ?? "")' is no number from \(range.lowerBound) to \(range.upperBound); write \(usage)")
    }

    private static func time(_ name: FaultWord, _ value: FaultWord?) throws(RuleProblem) -> Int {
        if let value, let time = Quantity.milliseconds(value.text) { return time }
        throw (value ?? name).problem(
            "'\(value?.text ?? "")' is no time from 0 to \(Quantity.mostTime), such as 2s or 500ms")
    }
}

/// The settings of faults.
extension Settings {
    static func faults(_ lookup: Lookup) throws(Failure) -> [FaultRule] {
        var rules: [FaultRule] = []
        for setting in try lookup.list(.fault, separators: ["\n"]) {
            switch FaultRule.parse(setting.text) {
            case .success(let rule): rules.append(rule)
            case .failure(let problem):
                throw setting.failure(
                    problem.text,
                    hints: [
                        "KIND[=VALUE] [if FIELD=VALUE...] [p=10%], for example 'status=529,retry-after=2 if kind=main p=10%'"
                    ])
            }
        }
        return rules
    }

    static func seed(_ lookup: Lookup, isNeeded: Bool) throws(Failure) -> UInt64 {
        guard let setting = try lookup(.seed) else {
            return isNeeded ? Identifier.random(2).reduce(0) { $0 << 8 | UInt64($1) } : 0
        }
        guard let seed = UInt64(setting.text) else { throw setting.failure("expected a whole number of 0 or more") }
        return seed
    }

    /// What a proxy says at its start about faults.
    var faultNotes: [String] {
        if faults.isEmpty { return [] }
        let chance = faults.contains { $0.probability < 1 } ? "   (--seed \(seed) gives the same chances)" : ""
        return ["faults on purpose: " + faults.map(\.text).joined(separator: "   ") + chance]
    }
}
