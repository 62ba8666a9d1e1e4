/// Groq.
extension ServiceProfile {
    static let groq = ServiceProfile(
        name: "groq",
        title: "Groq",
        domains: ["groq.com"],
        baseURL: "https://api.groq.com/openai/v1",
        root: "/openai/v1",
        lacks: [.streamOptions],
        maxField: .completion,
        instructions: .system,
        hasThinkTags: true,
        note: "A call that does not fit its tool's schema ends the stream with an error of the service's.")
}
