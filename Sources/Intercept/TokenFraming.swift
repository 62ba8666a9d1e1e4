/// What a prompt costs beside its text: the marks around messages, calls and tools, by family of tokenizers. Fitted on
/// recorded requests and the counts that their services reported (`docs/counting.md`), in thousandths of a token.
struct TokenFraming {
    /// Around the whole prompt.
    let prompt: Int
    let message: Int
    /// `thinking` is enabled with a budget.
    let thinkingBudget: Int
    let toolUse: Int
    /// Each argument of a call, where calls are shown as marked-up arguments and not as JSON.
    let argument: Int
    let toolResult: Int
    let toolReference: Int
    let tool: Int
    /// The presence of any tool, where no published number says it.
    let tools: Int

    static let claude = TokenFraming(
        prompt: 0, message: 8_000, thinkingBudget: 30_000, toolUse: 14_000, argument: 25_000, toolResult: 10_000,
        toolReference: 13_000, tool: 7_000, tools: 0)
    static let gpt = TokenFraming(
        prompt: 3_000, message: 4_000, thinkingBudget: 0, toolUse: 8_000, argument: 0, toolResult: 4_000,
        toolReference: 8_000, tool: 7_000, tools: 12_000)
    static let other = TokenFraming(
        prompt: 3_000, message: 4_000, thinkingBudget: 0, toolUse: 12_000, argument: 0, toolResult: 4_000,
        toolReference: 8_000, tool: 21_000, tools: 12_000)
}

extension TokenCounter.Generation {
    var framing: TokenFraming {
        switch self {
        case .newer, .older: .claude
        case .gpt: .gpt
        case .other: .other
        }
    }
}

extension TokenCounter {
    /// What the mere presence of tools adds to a Claude prompt, by model, as published
    /// (platform.claude.com, "Tool use", pricing).
    enum ToolPrompt {
        static func tokens(_ model: String, _ generation: Generation, forced: Bool) -> Int {
            guard generation.isClaude else { return 0 }
            guard let version = Version(model) else { return forced ? 474 : 354 }
            let pair =
                switch (version.major, version.minor) {
                case (..<4, _), (4, ..<5): (313, 315)
                case (4, 5), (4, 6): (496, 588)
                case (4, 7): (675, 804)
                case (4, _): (290, 410)
                default: model.contains("opus") ? (286, 406) : (354, 474)
                }
            return forced ? pair.1 : pair.0
        }
    }

    /// Tools that Anthropic defines: their type is all that the request says of them.
    enum KnownTool {
        /// `bash` as published, the others fitted.
        private static let all: [(prefix: String, older: Int, newer: Int)] = [
            ("bash_", 244, 325), ("tool_search_tool_", 195, 345), ("memory_", 1_070, 1_400),
            ("computer_", 1_325, 1_720),
        ]

        static func tokens(_ type: String, _ generation: Generation) -> Int? {
            all.first { type.hasPrefix($0.prefix) }.map { generation == .newer ? $0.newer : $0.older }
        }
    }
}
