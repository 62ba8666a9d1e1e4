internal import Intercept

/// Conversations on their way to Claude models outside of Anthropic's own service.
enum ClaudeHistory {
    /// The body without thinking that Claude has not signed; nil when the client's bytes can go as they are.
    static func mended(_ body: JSON, _ losses: inout Losses) -> [UInt8]? {
        guard let messages = body["messages"] else { return nil }
        var mend = MessagesMend(.anthropic)
        let edits = mend.edits(messages)
        for loss in mend.losses.all { losses.add(loss) }
        guard !edits.isEmpty else { return nil }
        var bytes = body.document.bytes
        for (range, with) in edits.reversed() { bytes.replaceSubrange(range, with: with) }
        return bytes
    }
}
