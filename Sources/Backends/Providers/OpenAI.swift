/// OpenAI's own service.
extension ServiceProfile {
    static let openAI = ServiceProfile(
        name: "openai",
        title: "OpenAI",
        domains: ["openai.com"],
        baseURL: "https://api.openai.com/v1",
        adds: [.promptCacheKey, .serviceTier],
        maxField: .completion,
        mostTools: 128,
        schemas: SchemaRules(wantsItems: true),
        takesFiles: true,
        note: "Reasoning models are not told sampling parameters and stop sequences, which they refuse.")
}
