/// z.ai and its Chinese twin: the GLM models.
extension ServiceProfile {
    static let zAI = ServiceProfile(
        name: "zai",
        aliases: ["z.ai", "zhipu", "bigmodel", "glm"],
        title: "z.ai",
        domains: ["z.ai", "bigmodel.cn"],
        baseURL: "https://api.z.ai/api/paas/v4",
        root: "/api/paas/v4",
        lacks: [.parallelToolCalls, .strict],
        effort: .thinking(["low", "high", "max"]),
        format: .object,
        toolChoice: ToolChoice(required: nil, named: false, none: false),
        instructions: .system,
        thinkingBack: .field("reasoning_content", blank: nil),
        note: "The coding plan has its own base URL: `https://api.z.ai/api/coding/paas/v4`.")
}
