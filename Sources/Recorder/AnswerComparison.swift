/// Two answers to the same request side by side: what the model said, which tools it called, what that took. Pure.
public import Intercept

/// What one answer came to.
public struct AnswerOutline: Sendable {
    public struct Call: Sendable {
        public let name: String
        /// The arguments' JSON text, as the model wrote them.
        public let input: [UInt8]

        public init(name: String, input: [UInt8]) {
            self.name = name
            self.input = input
        }
    }

    public var stopReason: String?
    public var calls: [Call] = []
    /// All text blocks, a line end between two.
    public var text = ""
    /// The whole prompt with what came from a cache, and the answer.
    public var promptTokens: Int?
    public var outputTokens: Int?
    public var milliseconds: Double?
    /// The name by which the service was asked.
    public var model = ""
    /// Nil when nothing was counted, or there is nothing to pay for.
    public var charge: Charge?

    public init() {}

    /// From content blocks as messages hold them.
    public mutating func take(content: JSON) {
        var texts: [String] = []
        for block in content.elements {
            switch block["type"]?.string {
            case "text": texts.append(block["text"]?.string ?? "")
            case "tool_use":
                calls.append(Call(name: block["name"]?.string ?? "", input: block["input"].map { Array($0.raw) } ?? []))
            default: break
            }
        }
        text = texts.joined(separator: "\n")
    }

    /// From a `response` record; nil where there is no whole message in it. Estimates are no tokens.
    public init?(_ response: TraceRecord) {
        guard let status = response["status"]?.int, (200..<300).contains(status),
            let content = response["message"]?["content"], content.isArray,
            let stop = response["stop_reason"]?.string
        else { return nil }
        stopReason = stop
        take(content: content)
        if let usage = RecordedUsage.counts(response), !usage.isEstimate {
            (promptTokens, outputTokens) = (usage.prompt, usage.output)
        }
        milliseconds = response["timing"]?["duration_ms"]?.milliseconds
    }
}

public struct AnswerComparison: Sendable {
    /// What two lists of tool calls have in common.
    public enum Tools: String, Sendable {
        /// The same tools in the same order, with arguments that mean the same; also where nobody called any.
        case same
        /// The same tools in the same order.
        case otherArguments = "other_arguments"
        case otherTools = "other_tools"
    }

    public let isSameStop: Bool
    public let tools: Tools
    public let isSameText: Bool
    /// From 0 to 1: the share of words that both texts have.
    public let likeness: Double

    public init(_ old: AnswerOutline, _ new: AnswerOutline) {
        isSameStop = old.stopReason == new.stopReason
        tools = Self.tools(old.calls, new.calls)
        isSameText = old.text == new.text
        likeness = Self.likeness(old.text, new.text)
    }

    private static func tools(_ old: [AnswerOutline.Call], _ new: [AnswerOutline.Call]) -> Tools {
        guard old.map(\.name) == new.map(\.name) else { return .otherTools }
        return zip(old, new).allSatisfy { means($0.input, $1.input) } ? .same : .otherArguments
    }

    private static func means(_ old: [UInt8], _ new: [UInt8]) -> Bool {
        if old == new { return true }
        guard let before = try? JSON.parse(old), let after = try? JSON.parse(new) else { return false }
        return JSONDifference(from: before, to: after).isEmpty
    }

    /// Twice the common words by all words (Dice's coefficient); 1 for two empty texts.
    private static func likeness(_ old: String, _ new: String) -> Double {
        if old == new { return 1 }
        var counts: [Substring: Int] = [:]
        let (olds, news) = (words(old), words(new))
        for word in olds { counts[word, default: 0] += 1 }
        var common = 0
        for word in news where counts[word, default: 0] > 0 {
            counts[word, default: 0] -= 1
            common += 1
        }
        let all = olds.count + news.count
        return all == 0 ? 0 : Double(2 * common) / Double(all)
    }

    private static func words(_ text: String) -> [Substring] {
        text.split { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" }
    }
}
