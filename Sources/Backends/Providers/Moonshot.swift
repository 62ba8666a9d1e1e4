/// Moonshot: the Kimi models.
extension ServiceProfile {
    static let moonshot = ServiceProfile(
        name: "moonshot",
        aliases: ["moonshotai", "kimi"],
        title: "Moonshot",
        domains: ["moonshot.ai", "moonshot.cn"],
        baseURL: "https://api.moonshot.ai/v1",
        lacks: [.temperature, .parallelToolCalls],
        effort: .thinking([]),
        toolChoice: ToolChoice(required: nil, named: false),
        instructions: .system,
        takesImageAddresses: false,
        thinkingBack: .field("reasoning_content", blank: " "),
        note: "Its models have a temperature of their own and cannot be forced to call a tool while they think.")
}
