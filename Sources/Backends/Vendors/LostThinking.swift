internal import Intercept

/// A turn that has lost its thinking. While `thinking` is `enabled`, Anthropic wants the answer whose calls are being
/// answered to begin with thinking; adaptive thinking has no such rule.
enum LostThinking {
    /// What `thinking` must become where the answer began with thinking that has to go; nil where it can stay.
    static func edit(_ body: JSON, _ quirks: Quirks) -> VendorRequest.Edit? {
        guard quirks.thinking == .signedOnly, let thinking = body["thinking"],
            thinking["type"]?.equals("enabled") ?? false, let answer = lastAnswer(body)
        else { return nil }
        let blocks = Array(answer.elements)
        guard blocks.contains(where: { $0["type"]?.equals("tool_use") ?? false }),
            let first = blocks.first, isDropped(first, quirks),
            let kept = blocks.first(where: { !isDropped($0, quirks) }), !isThinking(kept)
        else { return nil }
        return (thinking.range, Array(#"{"type":"disabled"}"#.utf8))
    }

    private static func lastAnswer(_ body: JSON) -> JSON? {
        var last: JSON?
        for message in body["messages"]?.elements ?? body.elements where message["role"]?.equals("assistant") ?? false {
            last = message["content"]
        }
        return last
    }

    private static func isThinking(_ block: JSON) -> Bool {
        guard let type = block["type"] else { return false }
        return type.equals("thinking") || type.equals("redacted_thinking")
    }

    private static func isDropped(_ block: JSON, _ quirks: Quirks) -> Bool {
        guard isThinking(block), case .dropped = ForeignThinking.fate(of: block, quirks.thinking) else { return false }
        return true
    }
}
