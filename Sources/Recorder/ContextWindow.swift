/// What fills a request's context window: tokens by kind, by tool and by server, and the heaviest single blocks.
internal import Intercept

public struct ContextWindow: Sendable {
    /// What a block is.
    public enum Kind: String, Sendable, CaseIterable {
        case tools, system, reminders
        case userText = "user_text"
        case assistantText = "assistant_text"
        case thinking
        case toolCalls = "tool_calls"
        case toolResults = "tool_results"
        case images, documents, other
        /// Counted by the service and not in the recording: system prompt and tools of a session file.
        case unrecorded
    }

    /// Blocks of one kind, and of one group among them: a tool's name for calls and results; for tools `built-in` or the
    /// MCP server; for the system prompt where it stands.
    public struct Part: Sendable {
        public let kind: Kind
        /// Nil for the sum of the kind.
        public let group: String?
        public internal(set) var blocks = 0
        /// Bytes of JSON.
        public internal(set) var bytes = 0
        /// Estimated, and made to fit what the service counted.
        public internal(set) var estimate: Double = 0
        public internal(set) var tokens = 0
    }

    /// A single block.
    public struct Block: Sendable {
        public let kind: Kind
        /// `messages[14].content[0]`, `tools[3]`, `system[1]`
        public let path: String
        /// A tool's name, where the block has to do with one.
        public let tool: String?
        public let bytes: Int
        public let estimate: Double
        public internal(set) var tokens = 0
        /// The first words.
        public let preview: String
    }

    /// The estimate of the whole prompt, and what the service counted; nil where it did not.
    public let estimate: Int
    public let counted: Int?
    /// Kind by kind, the largest first, each followed by its groups, the largest first.
    public let parts: [Part]
    /// The heaviest blocks, at most ``shown``.
    public let heaviest: [Block]
    /// How many blocks there are.
    public let blocks: Int

    public static let shown = 10

    /// - Parameters:
    ///   - body: A Messages request.
    ///   - model: Whose tokens are estimated.
    ///   - counted: Tokens of the prompt, as the service counted them.
    ///   - isPartial: `body` is not all of the prompt: what it does not explain is ``Kind/unrecorded``, and nothing is scaled.
    init(_ body: [UInt8], model: String, counted: Int?, isPartial: Bool = false) throws(JSONError) {
        let json = try JSON.parse(body)
        let reader = ContextReader(json)
        let blocks = TokenCounter.parts(json, model: model).map { reader.block($0) }
        let sum = blocks.reduce(0) { $0 + $1.block.estimate }
        let whole = counted.map { sum > 0 ? Double($0) / sum : 1 } ?? 1
        let scale = isPartial ? min(1, whole) : whole
        estimate = Int(sum.rounded())
        self.counted = counted
        self.blocks = blocks.count
        parts = Self.parts(blocks, scale, missing: isPartial ? max(0, (counted ?? 0) - Int(sum.rounded())) : 0)
        heaviest = blocks.map(\.block).enumerated()
            .sorted { ($1.element.estimate, $0.offset) < ($0.element.estimate, $1.offset) }.prefix(Self.shown)
            .map { Self.scaled($0.element, scale) }
    }

    private static func scaled(_ block: Block, _ scale: Double) -> Block {
        var block = block
        block.tokens = Int((block.estimate * scale).rounded())
        return block
    }

    private static func parts(
        _ blocks: [(block: Block, group: String?)], _ scale: Double, missing: Int
    ) -> [Part] {
        var sums: [Kind: Part] = [:]
        if missing > 0 {
            sums[.unrecorded] = Part(kind: .unrecorded, group: nil, estimate: Double(missing), tokens: missing)
        }
        var groups: [Kind: [String: Part]] = [:]
        for (block, group) in blocks {
            add(block, scale, to: &sums[block.kind, default: Part(kind: block.kind, group: nil)])
            guard let group else { continue }
            add(
                block, scale,
                to: &groups[block.kind, default: [:]][group, default: Part(kind: block.kind, group: group)])
        }
        let isLarger = { (left: Part, right: Part) in
            (right.estimate, left.kind.rawValue, left.group ?? "") < (
                left.estimate, right.kind.rawValue, right.group ?? ""
            )
        }
        return sums.values.sorted(by: isLarger).flatMap { sum in
            [sum] + (groups[sum.kind] ?? [:]).values.sorted(by: isLarger)
        }
    }

    private static func add(_ block: Block, _ scale: Double, to part: inout Part) {
        part.blocks += 1
        part.bytes += block.bytes
        part.estimate += block.estimate
        part.tokens = Int((part.estimate * scale).rounded())
    }
}

/// Says what the blocks of a request are.
private struct ContextReader {
    private let body: JSON
    /// The tools of calls, by their ids.
    private var tools: [String: String] = [:]
    private var roles: [String] = []

    init(_ body: JSON) {
        self.body = body
        guard let messages = body["messages"] else { return }
        for message in messages.elements {
            roles.append(message["role"]?.string ?? "")
            for block in (message["content"] ?? message).elements {
                if let id = block["id"]?.string, let name = block["name"]?.string { tools[id] = name }
            }
        }
    }

    func block(_ part: TokenCounter.Part) -> (block: ContextWindow.Block, group: String?) {
        let (kind, path, group, tool) = facts(part)
        let block = ContextWindow.Block(
            kind: kind, path: path, tool: tool, bytes: part.json?.raw.count ?? 0, estimate: part.tokens,
            preview: part.json.map { Self.preview($0) } ?? "what the presence of tools adds")
        return (block, group)
    }

    private func facts(_ part: TokenCounter.Part) -> (ContextWindow.Kind, String, group: String?, tool: String?) {
        switch part.place {
        case .toolPrompt: return (.tools, "tools", "tool prompt", nil)
        case .tool(let index):
            let name = part.json?["name"]?.string ?? part.json?["type"]?.string ?? "?"
            return (.tools, "tools[\(index)]", Self.server(name), name)
        case .system(let block):
            return (.system, "system" + (block.map { "[\($0)]" } ?? ""), "system prompt", nil)
        case .message(let message, let block, let inner):
            let path =
                "messages[\(message)].content"
                + [block, inner].compactMap { $0 }.map { "[\($0)]" }.joined(separator: ".content")
            let (kind, tool) = kind(part.json, message)
            return (kind, path, kind == .system ? "in messages" : tool, tool)
        }
    }

    /// `mcp__github__search` belongs to the server github.
    private static func server(_ name: String) -> String {
        guard name.hasPrefix("mcp__") else { return "built-in" }
        let parts = name.dropFirst(5).parts(around: "__")
        return "mcp \(parts[0])"
    }

    private func kind(_ json: JSON?, _ message: Int) -> (ContextWindow.Kind, tool: String?) {
        guard let json else { return (.other, nil) }
        let text = json.isString ? json : json["text"]
        if let text, text.isString, json.isString || json["type"]?.equals("text") ?? false {
            if PromptReader.kind(ofText: text) == .reminder { return (.reminders, nil) }
            let role = message < roles.count ? roles[message] : ""
            return (role == "assistant" ? .assistantText : role == "system" ? .system : .userText, nil)
        }
        switch PromptReader.kind(of: json) {
        case .thinking: return (.thinking, nil)
        case .toolCall: return (.toolCalls, json["name"]?.string ?? "?")
        case .toolResult: return (.toolResults, json["tool_use_id"]?.string.flatMap { tools[$0] } ?? "?")
        case .image: return (.images, nil)
        case .document: return (.documents, nil)
        default: return (.other, nil)
        }
    }

    /// The first words of a block: its text, input or result; of a tool what it says of itself.
    private static func preview(_ json: JSON) -> String {
        let names = ["text", "thinking", "input", "description", "content"]
        var words = json.isString ? json : names.lazy.compactMap { json[$0] }.first ?? json
        if words.isArray, let first = words.elements.first(where: { $0["text"] != nil })?["text"] { words = first }
        // The piece may end within an escape: parsed as a string it must not.
        let raw = words.raw.prefix(400)
        guard words.isString else { return cut(String(decoding: raw, as: UTF8.self)) }
        return cut(words.raw.count <= 400 ? words.string ?? "" : unescaped(raw.dropFirst()))
    }

    private static func unescaped(_ raw: ArraySlice<UInt8>) -> String {
        for shorter in 0..<12 {
            let text = [UInt8(ascii: "\"")] + raw.dropLast(shorter) + [UInt8(ascii: "\"")]
            guard let string = (try? JSON.parse(text))?.string else { continue }
            // Half of a pair at the cut.
            return string.hasSuffix("\u{FFFD}") ? String(string.dropLast()) : string
        }
        return String(decoding: raw, as: UTF8.self)
    }

    private static func cut(_ text: String) -> String {
        String(text.prefix(200).split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(80))
    }
}
