/// Ollama, on one's own machine or in its cloud.
extension ServiceProfile {
    static let ollama = ServiceProfile(
        name: "ollama",
        title: "Ollama",
        domains: ["ollama.com"],
        port: 11434,
        baseURL: "http://127.0.0.1:11434/v1",
        lacks: [.parallelToolCalls],
        toolChoice: ToolChoice(isCertain: false),
        instructions: .system,
        takesImageAddresses: false,
        thinkingBack: .field("reasoning", blank: nil),
        hasThinkTags: true,
        note: """
            It cuts prompts that are longer than the context it was started with, without a word: set \
            OLLAMA_CONTEXT_LENGTH for it to 64000 or more.
            """)
}
