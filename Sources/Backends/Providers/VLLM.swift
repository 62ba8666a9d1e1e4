/// vLLM, on one's own machine.
extension ServiceProfile {
    static let vLLM = ServiceProfile(
        name: "vllm",
        title: "vLLM",
        port: 8000,
        baseURL: "http://127.0.0.1:8000/v1",
        adds: [.topK],
        effort: .template,
        instructions: .system,
        alternates: true,
        thinkingBack: .field("reasoning", blank: nil),
        hasThinkTags: true,
        note: "It calls tools only when it was started with `--enable-auto-tool-choice` and `--tool-call-parser`.")
}
