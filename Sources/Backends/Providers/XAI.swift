/// xAI's Grok.
extension ServiceProfile {
    static let xAI = ServiceProfile(
        name: "xai",
        aliases: ["grok"],
        title: "xAI",
        domains: ["x.ai"],
        baseURL: "https://api.x.ai/v1",
        lacks: [.stop, .strict],
        schemas: SchemaRules(
            lacks: ["$schema", "$ref", "$defs", "definitions", "exclusiveMinimum", "const", "propertyNames"]),
        instructions: .system,
        note: "Stop sequences, which its reasoning models refuse, are applied here.")
}
