/// Together.
extension ServiceProfile {
    static let together = ServiceProfile(
        name: "together",
        aliases: ["togetherai"],
        title: "Together",
        domains: ["together.xyz", "together.ai"],
        baseURL: "https://api.together.xyz/v1",
        adds: [.topK],
        lacks: [.streamOptions, .parallelToolCalls],
        instructions: .system,
        hasThinkTags: true)
}
