/// The estimate of a request's tokens, block by block: what fills the window.
extension TokenCounter {
    /// A tool, a system block or a content block. Images and documents in a tool's result are parts of their own.
    public struct Part: Sendable {
        public enum Place: Sendable, Equatable {
            /// What the presence of tools adds.
            case toolPrompt
            case tool(Int)
            /// The block, nil where the system prompt is a string.
            case system(Int?)
            /// The block of a message, nil where its content is a string, and the block within a tool's result.
            case message(Int, block: Int?, inner: Int?)
        }

        public let place: Place
        /// The tool, block or string. Of a result whose images are parts of their own, still the whole.
        public let json: JSON?
        /// Estimated, with a share of the framing. Thinking counts here, though a service may leave it out.
        public let tokens: Double
    }

    /// All parts in the order of the prompt.
    public static func parts(_ body: JSON, model: String) -> [Part] {
        var parts = TokenParts(Generation(model))
        // Messages first: they name the deferred tools that were loaded.
        if let messages = body["messages"] { parts.messages(messages) }
        let history = parts.take()
        if let tools = body["tools"] { parts.tools(tools, model: model) }
        if let system = body["system"] { parts.content(system) { .system($0) } }
        return parts.take() + history
    }
}

private struct TokenParts {
    private var tally: TokenTally
    private var parts: [TokenCounter.Part] = []

    init(_ generation: TokenCounter.Generation) { tally = TokenTally(generation) }

    mutating func take() -> [TokenCounter.Part] {
        defer { parts = [] }
        return parts
    }

    private mutating func add(
        _ place: TokenCounter.Part.Place, _ json: JSON?, _ weigh: (inout TokenTally) -> Void
    ) {
        let before = tally.tokens
        weigh(&tally)
        parts.append(TokenCounter.Part(place: place, json: json, tokens: tally.tokens - before))
    }

    mutating func tools(_ tools: JSON, model: String) {
        guard !tools.isEmpty else { return }
        let fixed = TokenCounter.ToolPrompt.tokens(model, tally.generation, forced: false) * 1000
        add(.toolPrompt, nil) { $0.thousandths += $0.framing.tools + fixed * 100 / $0.generation.factor }
        for (index, tool) in tools.elements.enumerated() where tally.isShown(tool) {
            add(.tool(index), tool) { $0.tool(tool) }
        }
    }

    mutating func messages(_ messages: JSON) {
        for (index, message) in messages.elements.enumerated() {
            guard let content = message["content"] else { continue }
            tally.thousandths += tally.framing.message
            let first = parts.count
            self.content(content) { .message(index, block: $0, inner: nil) }
            guard first < parts.count else { continue }
            // What stands around a message goes to its first block.
            let framing = Double(tally.framing.message * tally.generation.factor) / 100_000
            let part = parts[first]
            parts[first] = .init(place: part.place, json: part.json, tokens: part.tokens + framing)
        }
    }

    /// A string, or a list of blocks.
    mutating func content(_ content: JSON, _ place: (Int?) -> TokenCounter.Part.Place) {
        if content.isString { return add(place(nil), content) { $0.text(content) } }
        for (index, block) in content.elements.enumerated() { self.block(block, place(index)) }
    }

    private mutating func block(_ block: JSON, _ place: TokenCounter.Part.Place) {
        let type = block["type"]?.string ?? ""
        if type == "thinking" {
            add(place, block) { if let words = block["thinking"] { $0.text(words) } }
        } else if type == "tool_result", let content = block["content"], content.isArray {
            result(block, content, place)
        } else {
            add(place, block) { $0.block(block) }
        }
    }

    private mutating func result(_ block: JSON, _ content: JSON, _ place: TokenCounter.Part.Place) {
        let inner = Array(content.elements.enumerated())
        let isMedia = { (json: JSON) in ["image", "document"].contains(json["type"]?.string ?? "") }
        add(place, block) { tally in
            tally.thousandths += tally.framing.toolResult
            for (_, one) in inner where !isMedia(one) { tally.block(one) }
        }
        guard case .message(let message, let outer, _) = place else { return }
        for (index, one) in inner where isMedia(one) {
            add(.message(message, block: outer, inner: index), one) { $0.block(one) }
        }
    }
}

extension TokenTally {
    /// The sum so far, not rounded.
    fileprivate var tokens: Double { Double(thousandths * generation.factor) / 100_000 + Double(whole) }
}
