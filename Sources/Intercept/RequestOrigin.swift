/// Where a request comes from, as its fields and its body say it.
public enum RequestOrigin {
    /// What a request of the Messages API is for.
    public static func kind(_ headers: HTTPFields, _ body: JSON?) -> Exchange.Kind {
        guard let body, body["messages"] != nil else { return .other }
        if headers["x-claude-code-agent-id"] != nil { return .subagent }
        if let tools = body["tools"], !tools.isEmpty,
            tools.elements.allSatisfy({ $0["type"]?.string?.hasPrefix("web_search") ?? false })
        {
            return .webSearch
        }
        return isCompaction(body) ? .compact : .main
    }

    /// `x-claude-code-session-id`, else the session in `metadata.user_id`.
    public static func session(_ headers: HTTPFields, _ body: JSON?) -> String? {
        headers["x-claude-code-session-id"] ?? sessionInMetadata(body)
    }

    /// Claude Code asks for a summary with these words in the last user message.
    private static func isCompaction(_ body: JSON) -> Bool {
        var last: JSON?
        for message in (body["messages"] ?? body).elements where message["role"]?.equals("user") ?? false {
            last = message
        }
        guard let content = last?["content"] else { return false }
        var text: JSON? = content.isString ? content : nil
        for block in content.elements where block["text"] != nil { text = block["text"] }
        return text?.raw.dropFirst().starts(with: "CRITICAL: Respond with TEXT ONLY".utf8) ?? false
    }

    /// Claude Code's `metadata.user_id` is a JSON text with `session_id`, in older versions `user_…_session_UUID`.
    private static func sessionInMetadata(_ body: JSON?) -> String? {
        guard let user = body?["metadata"]?["user_id"]?.string?.utf8 else { return nil }
        if user.first == UInt8(ascii: "{") { return (try? JSON.parse(Array(user)))?["session_id"]?.string }
        let parts = user.split(separator: UInt8(ascii: "_"))
        guard let mark = parts.lastIndex(where: { $0.elementsEqual("session".utf8) }), mark + 1 < parts.count else {
            return nil
        }
        return String(Substring(parts[mark + 1]))
    }
}
