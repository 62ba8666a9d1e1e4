/// Mistral's own service. It refuses every field that it does not know.
extension ServiceProfile {
    static let mistral = ServiceProfile(
        name: "mistral",
        title: "Mistral",
        domains: ["mistral.ai"],
        baseURL: "https://api.mistral.ai/v1",
        adds: [.promptCacheKey],
        lacks: [.streamOptions],
        toolChoice: ToolChoice(required: "any"),
        callIDs: .nine,
        schemas: SchemaRules(
            lacks: ["$schema", "$ref", "$defs", "definitions", "exclusiveMinimum", "const", "propertyNames"]),
        instructions: .systemFirst,
        alternates: true,
        bridgesResults: true,
        thinkingBack: .parts,
        note: "Where a user's words follow directly on results, a short assistant message is put between them.")
}
