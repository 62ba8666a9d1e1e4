import Intercept

/// What is known of a service's models by their names: limits, and which fields they take.
struct ChatModel: Sendable, Equatable {
    /// The name as it is sent.
    let name: String
    /// Takes `reasoning_effort`, and no sampling parameters: o1 and later, gpt-5 and later.
    let isReasoning: Bool
    /// A model of OpenAI's, wherever it is served.
    let isOpenAI: Bool
    /// Most output tokens of one answer, where known.
    let maxOutput: Int?
    /// Most tokens of prompt and answer together, where known.
    let contextWindow: Int?
    /// Values of `reasoning_effort` from least to most; none where it is not taken.
    let efforts: [String]
    /// Gemini 3 and later: signs its calls and wants the signatures back.
    let signsCalls: Bool
    /// Takes neither a `system` nor a `developer` message.
    let hasNoSystemRole: Bool
    /// Takes `parallel_tool_calls`.
    let takesParallelSwitch: Bool
    /// Is not served by Chat Completions.
    let speaksOnlyResponses: Bool
    /// Tells remarks on the way from the answer (`phase`), and wants to be told.
    let tellsPhases: Bool

    init(_ name: String) {
        self.name = name
        let base = String(name.split(separator: "/").last ?? "").lowercased()
        let series = Self.series(base)
        let generation = Self.gptVersion(base)
        let isCodex = base.hasPrefix("codex-")
        isReasoning =
            series != nil || isCodex || (generation.map { $0 >= (5, 0) } ?? false) && !base.contains("-chat")
        isOpenAI = series != nil || generation != nil || isCodex || base.hasPrefix("chatgpt-")
        (maxOutput, contextWindow) = Self.limits(base, series, generation)
        efforts =
            isReasoning
            ? Self.efforts(base, generation) : base.hasPrefix("gpt-oss") ? ["low", "medium", "high"] : []
        signsCalls = base.hasPrefix("gemini-") && (base.dropFirst(7).first?.wholeNumberValue ?? 0) >= 3
        hasNoSystemRole = base.hasPrefix("o1-mini") || base.hasPrefix("o1-preview")
        takesParallelSwitch = series == nil
        let words = base.split(separator: "-")
        speaksOnlyResponses =
            isReasoning && (words.contains("pro") || words.contains("codex") || words.contains("research"))
        tellsPhases = isReasoning && (generation.map { $0 >= (5, 3) } ?? false)
    }

    /// 3 for `o3-mini`; nil when the name is no such model.
    private static func series(_ name: String) -> Int? {
        var rest = name.utf8.dropFirst()
        guard name.utf8.first == UInt8(ascii: "o"), let digit = rest.popFirst(), (0x31...0x39).contains(digit) else {
            return nil
        }
        guard rest.isEmpty || rest.first == UInt8(ascii: "-") else { return nil }
        return Int(digit - 0x30)
    }

    /// (5, 2) for `gpt-5.2-codex`; nil when the name is no GPT of OpenAI's.
    private static func gptVersion(_ name: String) -> (major: Int, minor: Int)? {
        guard name.hasPrefix("gpt-") else { return nil }
        let version = name.dropFirst(4).prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let parts = version.split(separator: ".").map { Int($0) ?? 0 }
        guard let major = parts.first else { return nil }
        return (major, parts.count > 1 ? parts[1] : 0)
    }

    private static func limits(
        _ name: String, _ series: Int?, _ generation: (major: Int, minor: Int)?
    ) -> (output: Int?, window: Int?) {
        if name.hasPrefix("o1-mini") { return (65_536, 128_000) }
        if name.hasPrefix("o1-preview") { return (32_768, 128_000) }
        if series != nil { return (100_000, 200_000) }
        if name.hasPrefix("chatgpt-") || name.contains("-chat") { return (16_384, 128_000) }
        guard let generation else { return (nil, nil) }
        switch generation {
        case (3, _): return (4_096, 16_385)
        case (4, 1): return (32_768, 1_047_576)
        case (4, 5): return (16_384, 128_000)
        case (4, _): return gpt4(name)
        case (5, 0...3): return (128_000, 400_000)
        default: return (128_000, nil)
        }
    }

    private static func gpt4(_ name: String) -> (output: Int?, window: Int?) {
        if name.hasPrefix("gpt-4o") { return (16_384, 128_000) }
        if name.hasPrefix("gpt-4-turbo") || name.contains("preview") { return (4_096, 128_000) }
        return name.contains("32k") ? (32_768, 32_768) : (8_192, 8_192)
    }

    private static func efforts(_ name: String, _ generation: (major: Int, minor: Int)?) -> [String] {
        guard let generation else { return ["low", "medium", "high"] }
        if generation >= (5, 2) { return ["none", "low", "medium", "high", "xhigh"] }
        if name.contains("codex-max") { return ["none", "low", "medium", "high", "xhigh"] }
        if generation >= (5, 1) { return ["none", "low", "medium", "high"] }
        return ["minimal", "low", "medium", "high"]
    }

    /// The words of effort in order.
    static let effortOrder = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

    /// The wanted effort, or the nearest one below it that is among `accepted`, or the least of these.
    static func effort(_ wanted: String, among accepted: [String]) -> String? {
        if accepted.contains(wanted) { return wanted }
        guard let rank = effortOrder.firstIndex(of: wanted) else { return nil }
        let ranked = effortOrder.filter { accepted.contains($0) && $0 != "none" }
        return ranked.last { (effortOrder.firstIndex(of: $0) ?? 0) < rank } ?? ranked.first
    }
}
