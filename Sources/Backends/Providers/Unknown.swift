/// Every other service: OpenAI's dialect, and what its refusals teach.
extension ServiceProfile {
    static let unknown = ServiceProfile(
        name: "unknown",
        title: "any other service",
        maxField: nil,
        takesFiles: true,
        hasThinkTags: true,
        note:
            "A field that it refuses is left out from then on; each request that loses something says so in the trace.")
}
