/// The pieces of a Chat Completions and of a Responses request.
internal import Intercept

extension PromptReader {
    mutating func readChat(_ body: JSON) {
        for (index, tool) in list(body["tools"]) {
            add(tool: tool, name: tool["function"]?["name"] ?? tool["type"], "tools", index)
        }
        var section = PromptOutline.Section.system
        for (index, message) in list(body["messages"]) {
            noteMessage(index)
            let role = message["role"]
            if !Self.isSystem(role) { section = .messages }
            readChat(message, section, role, index)
        }
        // A schema for the answer is put in front of the system prompt.
        set(body, ["response_format"])
        if let key = body["prompt_cache_key"] { note(cacheKey: key) }
    }

    private mutating func readChat(_ message: JSON, _ section: PromptOutline.Section, _ role: JSON?, _ index: Int) {
        for (key, value) in message.members where !value.isNull && !key.equals("role") {
            if key.equals("content") {
                guard role?.equals("tool") ?? false else {
                    add(content: value, section, role, "messages", index)
                    continue
                }
                var hash = PieceHash(role)
                hash.content(value)
                let id = message["tool_call_id"]?.string ?? ""
                add(section, .toolResult, hash, "messages", index, ".content", name: id)
            } else if key.equals("tool_calls") {
                for (number, call) in list(value) {
                    addPiece(call, .toolCall, section, "messages", index, ".tool_calls[\(number)]", call["id"])
                }
            } else if !key.equals("tool_call_id") {
                let name = key.string ?? ""
                let isThinking = ["reasoning_content", "reasoning", "reasoning_details"].contains(name)
                addPiece(value, isThinking ? .thinking : .other, section, "messages", index, ".\(name)", nil)
            }
        }
    }

    mutating func readResponses(_ body: JSON) {
        for (index, tool) in list(body["tools"]) {
            add(tool: tool, name: tool["name"] ?? tool["type"], "tools", index)
        }
        if let instructions = body["instructions"], instructions.isString {
            add(text: instructions, .system, nil, "instructions", -1, "")
        }
        readInput(body["input"])
        // A schema for the answer is put in front of the system prompt.
        if let format = body["text"]?["format"] { set("text.format", format) }
        if let key = body["prompt_cache_key"] { note(cacheKey: key) }
    }

    private mutating func readInput(_ input: JSON?) {
        guard let input else { return }
        if input.isString {
            noteMessage(0)
            return add(text: input, .messages, nil, "input", -1, "")
        }
        var section = PromptOutline.Section.system
        for (index, item) in list(input) {
            noteMessage(index)
            let role = item["role"]
            if !Self.isSystem(role) { section = .messages }
            if let content = item["content"], role != nil {
                add(content: content, section, role, "input", index)
            } else {
                addPiece(item, Self.kind(of: item), section, "input", index, "", item["call_id"])
            }
        }
    }

    private static func isSystem(_ role: JSON?) -> Bool {
        guard let role else { return false }
        return role.equals("system") || role.equals("developer")
    }

    private mutating func addPiece(
        _ value: JSON, _ kind: PromptOutline.Kind, _ section: PromptOutline.Section, _ root: StaticString,
        _ index: Int, _ part: String, _ name: JSON?
    ) {
        var hash = PieceHash()
        hash.block(value)
        add(section, kind, hash, root, index, part, name: name?.string ?? "")
    }
}
