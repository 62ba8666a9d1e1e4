internal import Intercept

/// The tokens of a `response` record, as questions about traces add them up.
struct RecordedUsage {
    /// The whole prompt, and what of it was read from the cache and written to it.
    let prompt: Int
    let cacheRead: Int
    let cacheWritten: Int
    let output: Int

    init?(_ response: TraceRecord) {
        guard let usage = response["usage"] else { return nil }
        cacheRead = usage["cache_read_input_tokens"]?.int ?? 0
        cacheWritten = usage["cache_creation_input_tokens"]?.int ?? 0
        prompt = (usage["input_tokens"]?.int ?? 0) + cacheRead + cacheWritten
        output = usage["output_tokens"]?.int ?? 0
    }

    /// The counts as they were when they came; nil when there are none.
    static func counts(_ response: TraceRecord) -> Usage? {
        guard let json = response["usage"], json.isObject else { return nil }
        var usage = Usage(json)
        usage.isEstimate = response["usage_estimated"]?.bool ?? false
        return usage
    }
}
