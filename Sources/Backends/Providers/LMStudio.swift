/// LM Studio, on one's own machine.
extension ServiceProfile {
    static let lmStudio = ServiceProfile(
        name: "lmstudio",
        aliases: ["lm-studio"],
        title: "LM Studio",
        port: 1234,
        baseURL: "http://127.0.0.1:1234/v1",
        adds: [.topK],
        lacks: [.parallelToolCalls],
        instructions: .system,
        alternates: true,
        hasThinkTags: true,
        note: "Load the model with a context of 64000 tokens or more.")
}
