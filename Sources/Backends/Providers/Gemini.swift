/// Google's Gemini, through its OpenAI-compatible endpoint.
extension ServiceProfile {
    static let gemini = ServiceProfile(
        name: "gemini",
        aliases: ["google"],
        title: "Gemini",
        domains: ["generativelanguage.googleapis.com"],
        baseURL: "https://generativelanguage.googleapis.com/v1beta/openai",
        root: "/v1beta/openai",
        lacks: [.parallelToolCalls, .strict],
        effort: .words(["none", "minimal", "low", "medium", "high"]),
        namesBeginWithLetter: true,
        schemas: SchemaRules(
            lacks: [
                "$schema", "$id", "$comment", "$ref", "$defs", "definitions", "additionalProperties", "const",
                "exclusiveMinimum", "exclusiveMaximum", "patternProperties", "propertyNames", "examples",
            ],
            formats: ["enum", "date-time", "int32", "int64", "float", "double"], wantsOneType: true, wantsItems: true),
        instructions: .system,
        thinkingBack: .signatures,
        note: """
            Gemini 3 and later sign their calls and refuse them unsigned: the signature travels with the conversation. \
            Calls from elsewhere are marked as Google asks for.
            """)
}
