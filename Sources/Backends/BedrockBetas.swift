internal import Intercept

/// The capabilities of `anthropic-beta` that Bedrock knows: it refuses a request that names another. Checked on
/// 2026-11-21.
enum BedrockBetas {
    private static let everywhere = [
        "interleaved-thinking-2025-05-14", "context-1m-2025-08-07", "output-128k-2025-02-19",
        "dev-full-thinking-2025-05-14", "effort-2025-11-24", "fine-grained-tool-streaming-2025-05-14",
    ]

    /// Only with the Anthropic body.
    private static let invoke = [
        "context-management-2025-06-27", "compact-2026-01-12", "tool-search-tool-2025-10-19",
        "token-efficient-tools-2025-02-19",
    ]

    /// Bedrock's own name of what the client calls otherwise.
    private static let renamed = ["advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19"]

    /// Those of the request that go on, without repetition.
    ///
    /// - Parameter isLong: the long context window was asked for with the model's name.
    static func sent(_ request: MessageRequest, isLong: Bool, invokes: Bool = false) -> [String] {
        var wanted = request.headers.values("anthropic-beta").flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).map { HTTPFields.trim(String(Substring($0))) }
        }
        if isLong { wanted.append("context-1m-2025-08-07") }
        var sent: [String] = []
        for beta in wanted.map({ renamed[$0] ?? $0 }) where !sent.contains(beta) {
            let isKnown =
                everywhere.contains(beta) || invokes && invoke.contains(beta) || beta.hasPrefix("computer-use-")
            if isKnown { sent.append(beta) }
        }
        return sent
    }

    /// Writes the member `anthropic_beta` unless there is none.
    static func write(_ betas: [String], into out: inout JSONWriter) {
        guard !betas.isEmpty else { return }
        out.key("anthropic_beta")
        out.beginArray()
        for beta in betas { out.string(beta) }
        out.endArray()
    }
}
