internal import Intercept

/// One rule of `--fault`: `KIND[=VALUE][,OPTION=VALUE] [if FILTER...] [p=10%]`.
struct FaultRule: Sendable {
    enum Effect: Sendable, Equatable {
        /// Nothing is sent to the model service for so long.
        case wait(milliseconds: Int)
        /// Answered with this status; nothing is sent.
        case status(Int, retryAfter: String?)
        case damage(Damage.Kind)
    }

    /// As the user wrote it.
    let text: String
    let effect: Effect
    /// From 0 to 1.
    let probability: Double
    private let request: Conditions
    private let count: Conditions
    private let tool: Conditions

    /// Terms of one rule that ask for the same things. Values are plain, so a filter may be used anywhere.
    private struct Conditions: @unchecked Sendable {
        let filter: Filter
        let texts: [String]

        init(_ texts: [String], _ names: [String]) throws(Failure) {
            self.texts = texts
            filter = try Filter(texts, Filter.Fields(names: names, searched: []))
        }

        func fit(_ lookup: (String) -> Filter.Value?) -> Bool { texts.isEmpty || filter.matches(lookup) }
    }

    static let fields = ["model", "kind", "agent", "session", "path", "messages", "stream", "try", "n", "tool"]

    /// Whether the request is one that the rule is for; its count and its chance apart.
    ///
    /// - Parameter attempt: how often this very request has come.
    func fits(_ request: MessageRequest, _ exchange: Exchange, attempt: Int) -> Bool {
        let isFitting = self.request.fit { name in
            switch name {
            case "model": .text(request.model)
            case "kind": .text(exchange.kind.rawValue)
            case "agent": exchange.agent.map { .text($0) }
            case "session": exchange.session.map { .text($0) }
            case "path": .text(request.path)
            case "messages": .number(Double((request.body["messages"] ?? request.body).count))
            case "stream": .flag(request.stream)
            case "try": .number(Double(attempt))
            default: nil
            }
        }
        guard isFitting, !tool.texts.isEmpty else { return isFitting }
        if case .damage = effect { return true }
        return Self.answeredTools(request).contains { name in tool.fit { _ in .text(name) } }
    }

    /// Whether the rule acts on the so-manieth request that fits it.
    func fits(count number: Int) -> Bool { count.fit { _ in .number(Double(number)) } }

    func asks(_ field: String) -> Bool { request.texts.contains { $0.hasPrefix(field) } }

    /// Which tool calls of an answer set the rule off; nil for all answers.
    var tools: (@Sendable (String) -> Bool)? {
        if tool.texts.isEmpty { return nil }
        return { [tool] name in tool.fit { _ in .text(name) } }
    }

    /// The tools whose results the last message brings.
    private static func answeredTools(_ request: MessageRequest) -> [String] {
        let messages = Array(request.messages)
        guard let last = messages.last?["content"], last.isArray else { return [] }
        let ids = Set(last.elements.compactMap { $0["tool_use_id"]?.string })
        if ids.isEmpty { return [] }
        return messages.flatMap { message in
            (message["content"].map { $0.isArray ? Array($0.elements) : [] } ?? []).compactMap { block in
                ids.contains(block["id"]?.string ?? "") ? block["name"]?.string : nil
            }
        }
    }
}

// MARK: Reading a rule

extension FaultRule {
    /// Reads a rule. The problem says where it is.
    static func parse(_ text: String) -> Result<FaultRule, RuleProblem> {
        do { return .success(try FaultRule(parsing: text)) } catch { return .failure(error) }
    }

    private init(parsing text: String) throws(RuleProblem) {
        var words = FaultWord.words(text)
        guard !words.isEmpty else { throw RuleProblem(text: "the rule is empty") }
        let first = words.removeFirst()
        effect = try FaultKind.effect(first)
        var probability = 1.0
        var terms: [String] = []
        for word in words where word.text != "if" && word.text != "and" {
            if word.text.hasPrefix("p=") {
                probability = try Self.probability(word)
            } else {
                terms.append(try Self.term(word))
            }
        }
        self.text = text
        self.probability = probability
        let isTool = { (term: String) in Self.field(term) == "tool" }
        let isCount = { (term: String) in Self.field(term) == "n" }
        do throws(Failure) {
            request = try Conditions(terms.filter { !isTool($0) && !isCount($0) }, Self.fields)
            count = try Conditions(terms.filter(isCount), Self.fields)
            tool = try Conditions(terms.filter(isTool), Self.fields)
        } catch {
            throw RuleProblem(text: error.message)
        }
    }

    private static func field(_ term: String) -> String {
        let name = term.prefix { $0.isLetter || $0 == "_" }
        return String(name)
    }

    /// A term that the filter language takes, with a field of ours.
    private static func term(_ word: FaultWord) throws(RuleProblem) -> String {
        let name = field(word.text)
        guard fields.contains(name), name.count < word.text.count || name == "stream" else {
            let suggestion = Suggestion.phrase(for: name, in: fields)
            throw word.problem(
                fields.contains(name)
                    ? "'\(name)' is compared with nothing, such as \(name)=…"
                    : "there is no field '\(name)'\(suggestion); fields: \(fields.joined(separator: " "))")
        }
        do throws(Failure) {
            _ = try Filter([word.text], Filter.Fields(names: fields, searched: []))
        } catch {
            throw word.problem(error.message)
        }
        return word.text
    }

    private static func probability(_ word: FaultWord) throws(RuleProblem) -> Double {
        let value = word.text.dropFirst(2)
        let number = value.hasSuffix("%") ? Double(value.dropLast()).map { $0 / 100 } : Double(value)
        guard let number, number >= 0, number <= 1 else {
            throw word.problem("'\(value)' is no probability, such as 10% or 0.1")
        }
        return number
    }
}

/// A word of a rule and where it stands.
struct FaultWord {
    let text: String
    /// From 1.
    let column: Int

    static func words(_ text: String) -> [FaultWord] { parts(text, " ", from: 1) }

    static func parts(_ text: String, _ separator: Character, from first: Int) -> [FaultWord] {
        var out: [FaultWord] = []
        var column = first
        for part in text.split(separator: separator, omittingEmptySubsequences: false) {
            if !part.isEmpty { out.append(FaultWord(text: String(part), column: column)) }
            column += part.count + 1
        }
        return out
    }

    func problem(_ words: String) -> RuleProblem { RuleProblem(text: "at column \(column): \(words)") }
}
