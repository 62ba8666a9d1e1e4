/// The shortest prefix that a model's service keeps in its cache.
internal import Intercept

enum CacheMinimum {
    /// As documented on 2026-08-22 (platform.claude.com and developers.openai.com, "Prompt caching"). The first name that
    /// stands in the model's wins.
    private static let table: [(names: [String], tokens: Int)] = [
        (["opus-4-8"], 1024), (["opus-4-7"], 2048), (["opus-4-6", "opus-4-5", "haiku-4-5"], 4096),
        (["opus-5", "fable-5"], 512), (["haiku-3", "3-haiku", "3-5-haiku"], 2048), (["sonnet"], 1024),
        (["opus-4", "3-opus"], 1024), (["gpt-", "o1", "o3", "o4"], 1024),
    ]

    /// Tokens; nil for models of which nothing is documented.
    static func tokens(_ model: String) -> Int? {
        let name = model.replacing(".", with: "-").lowercased()
        return table.first { $0.names.contains { name.contains($0) } }?.tokens
    }
}
