/// Cerebras. It refuses every field that it does not know.
extension ServiceProfile {
    static let cerebras = ServiceProfile(
        name: "cerebras",
        title: "Cerebras",
        domains: ["cerebras.ai"],
        baseURL: "https://api.cerebras.ai/v1",
        adds: [.promptCacheKey],
        lacks: [.strict],
        maxField: .completion,
        instructions: .system,
        thinkingBack: .field("reasoning", blank: nil))
}
