/// DeepSeek's own service.
extension ServiceProfile {
    static let deepSeek = ServiceProfile(
        name: "deepseek",
        title: "DeepSeek",
        domains: ["deepseek.com"],
        baseURL: "https://api.deepseek.com/v1",
        lacks: [.parallelToolCalls],
        effort: .thinking(["minimal", "low", "medium", "high", "xhigh", "max"]),
        format: .object,
        instructions: .system,
        wantsPlainText: true,
        thinkingBack: .field("reasoning_content", blank: " "),
        note: "Thinking of turns with tool calls goes back in every later request, without which they are refused.")
}
