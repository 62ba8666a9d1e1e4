/// The server of llama.cpp, on one's own machine.
extension ServiceProfile {
    static let llamaCPP = ServiceProfile(
        name: "llama.cpp",
        aliases: ["llama-server"],
        title: "llama.cpp",
        port: 8080,
        baseURL: "http://127.0.0.1:8080/v1",
        adds: [.topK],
        lacks: [.parallelToolCalls],
        toolChoice: ToolChoice(named: false),
        instructions: .system,
        alternates: true,
        thinkingBack: .field("reasoning_content", blank: nil),
        hasThinkTags: true,
        note: "It calls tools only when it was started with `--jinja`.")
}
