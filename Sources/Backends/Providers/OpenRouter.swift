/// OpenRouter, the gateway to many services.
extension ServiceProfile {
    static let openRouter = ServiceProfile(
        name: "openrouter",
        title: "OpenRouter",
        domains: ["openrouter.ai"],
        baseURL: "https://openrouter.ai/api/v1",
        root: "/api/v1",
        adds: [.topK],
        maxField: nil,
        effort: .reasoning(["none", "minimal", "low", "medium", "high", "xhigh"]),
        takesFiles: true,
        thinkingBack: .details,
        note: "Signed and encrypted reasoning goes back as it came, so that models behind it go on thinking.")
}
