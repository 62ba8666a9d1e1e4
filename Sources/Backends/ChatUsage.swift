internal import Intercept

/// Token counts as Chat Completions reports them. There the prompt includes what came from a cache; in the Messages API
/// it does not.
enum ChatUsage {
    /// The counts, or nil when the object holds none.
    static func read(_ usage: JSON) -> Usage? {
        guard usage.isObject else { return nil }
        let prompt = count(usage, "prompt_tokens") ?? count(usage, "input_tokens")
        let output = count(usage, "completion_tokens") ?? count(usage, "output_tokens")
        guard prompt != nil || output != nil, (prompt ?? 0) + (output ?? 0) > 0 else { return nil }
        let details = usage["prompt_tokens_details"] ?? usage["input_tokens_details"]
        let read =
            details.flatMap { count($0, "cached_tokens") } ?? count(usage, "prompt_cache_hit_tokens")
            ?? count(usage, "cached_tokens") ?? 0
        let written =
            details.flatMap { count($0, "cache_write_tokens") } ?? count(usage, "cache_creation_input_tokens") ?? 0
        let thinking =
            (usage["completion_tokens_details"] ?? usage["output_tokens_details"])
            .flatMap { count($0, "reasoning_tokens") } ?? count(usage, "reasoning_tokens")
        return Usage(
            input: max(0, (prompt ?? 0) - read - written),
            output: (output ?? 0) + uncounted(thinking, usage, prompt, output), cacheRead: read, cacheCreation: written,
            thinking: thinking.flatMap { $0 > 0 ? $0 : nil })
    }

    /// Reasoning that is not part of the completion's count: the total tells.
    private static func uncounted(_ thinking: Int?, _ usage: JSON, _ prompt: Int?, _ output: Int?) -> Int {
        guard let thinking, let prompt, let output, let total = count(usage, "total_tokens"),
            thinking > 0, total == prompt + output + thinking
        else { return 0 }
        return thinking
    }

    private static func count(_ object: JSON, _ name: String) -> Int? { object[name]?.int.map { max(0, $0) } }
}
