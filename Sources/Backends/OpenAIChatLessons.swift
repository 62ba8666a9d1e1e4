internal import Intercept

/// What refusals say about the way in which a conversation is told.
extension RefusalLesson {
    static func conversation(_ found: String, _ asked: JSON) -> RefusalLesson? {
        if let lesson = thinking(found, asked) { return lesson }
        // Mistral: "Unexpected role 'user' after role 'tool'".
        if found.contains("role 'user' after role 'tool'") { return .bridges }
        // Mistral: "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9."
        if found.contains("with a length of 9") { return .nineLetterIDs }
        // Templates: "Conversation roles must alternate user/assistant/user/assistant/…"
        if found.contains("roles must alternate") {
            return hasLateInstructions(asked) ? .role(.systemFirst) : .alternation
        }
        return content(found, asked)
    }

    /// Whether instructions stand anywhere but at the beginning: then they are what breaks the order.
    private static func hasLateInstructions(_ asked: JSON) -> Bool {
        let roles = asked["messages"]?.elements.map { $0["role"]?.string ?? "" } ?? []
        return roles.dropFirst().contains { $0 == "system" || $0 == "developer" }
    }

    // MARK: Thinking

    private static let fields = ["reasoning_content", "reasoning_details", "reasoning"]

    private static func thinking(_ found: String, _ asked: JSON) -> RefusalLesson? {
        // DeepSeek: "The `reasoning_content` in the thinking mode must be passed back to the API."
        // Moonshot: "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"
        if found.contains("reasoning_content"), found.contains("must be passed back") || found.contains("is missing") {
            return .thinkingBack(.field("reasoning_content", blank: " "))
        }
        if found.contains("missing a thought_signature") { return .thinkingBack(.signatures) }
        guard isRefusal(found), found.contains("message") else { return nil }
        let messages = asked["messages"].map { Array($0.elements) } ?? []
        // Groq: "'messages.2' : … property 'reasoning_content' is unsupported"; "`messages[3].reasoning`: …"
        let isSent = fields.contains { field in names(field, found) && messages.contains { $0[field] != nil } }
        return isSent ? .thinkingBack(.dropped) : nil
    }

    // MARK: Content

    private static func content(_ found: String, _ asked: JSON) -> RefusalLesson? {
        let messages = asked["messages"].map { Array($0.elements) } ?? []
        let wantsText = [
            "invalid type: sequence, expected a string", "content must be a string", "content should be a string",
        ]
        let hasLists = messages.contains { message in
            guard let content = message["content"], content.isArray else { return false }
            return content.elements.allSatisfy { $0["type"]?.equals("text") ?? false }
        }
        if hasLists, wantsText.contains(where: found.contains) { return .plainText }
        let refusesNull = [
            "invalid type: null, expected", "content: input should be a valid string", "content cannot be null",
            "content must not be null", "'content' is a required property", "got null",
        ]
        let hasNull = messages.contains { $0["content"]?.isNull ?? false }
        return hasNull && refusesNull.contains(where: found.contains) ? .content : nil
    }

    // MARK: Names

    /// Google: `Unknown name "const" at 'tools[0].function_declarations[0].parameters': Cannot find field.`, once for
    /// each place.
    static func unknownNames(_ message: String) -> [(name: String, place: String)] {
        var found: [(name: String, place: String)] = []
        var rest = message[...]
        let mark = #"Unknown name ""#
        while let start = rest.indices.first(where: { rest[$0...].hasPrefix(mark) }) {
            rest = rest[start...].dropFirst(mark.count)
            let name = String(rest.prefix { $0 != "\"" })
            rest = rest.dropFirst(name.count)
            let place = String(rest.prefix { $0 != "\n" && $0 != ":" })
            if !found.contains(where: { $0.name == name }) { found.append((name, place)) }
        }
        return found
    }

    /// The text up to these words.
    static func text(_ text: String, before words: String) -> String {
        guard let end = text.indices.first(where: { text[$0...].hasPrefix(words) }) else { return text }
        return String(text[..<end])
    }
}
