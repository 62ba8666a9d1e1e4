internal import Intercept

/// Writes a Messages request as the body of InvokeModel: the client's own, without what stands elsewhere or is unknown
/// there.
/// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
struct InvokeWriter {
    let request: MessageRequest
    let model: BedrockModel
    let facts: BedrockFacts
    private let betas: [String]
    var out: JSONWriter
    var losses = Losses()

    init(_ request: MessageRequest, _ model: BedrockModel, _ facts: BedrockFacts, isLong: Bool) {
        self.request = request
        self.model = model
        self.facts = facts
        betas = facts.rejected.contains(.betas) ? [] : BedrockBetas.sent(request, isLong: isLong, invokes: true)
        out = JSONWriter(capacity: request.body.range.count + 256)
    }

    mutating func write() throws(TranslationError) {
        var body = request.body
        if let stripped = ClaudeHistory.mended(body, &losses), let parsed = try? JSON.parse(stripped) { body = parsed }
        out.beginObject()
        out.field("anthropic_version", version)
        BedrockBetas.write(betas, into: &out)
        for (key, value) in body.members where !value.isNull { try write(key.string ?? "", value) }
        out.endObject()
    }

    /// Newer versions of the API are known to models since 4.7.
    private var version: String {
        let asked = request.headers["anthropic-version"] ?? ""
        let isNew = asked >= "2026-10-21" && model.isClaudeSince47
        return isNew ? asked : "bedrock-2023-05-31"
    }

    private mutating func write(_ name: String, _ value: JSON) throws(TranslationError) {
        switch name {
        // They stand in the path, in what we write, or are for Anthropic's own service alone.
        case "model", "stream", "anthropic_version", "anthropic_beta", "betas", "service_tier", "inference_geo",
            "diagnostics", "tags", "user_profile_id", "workspace_id", "billing_policy":
            return
        case "system": write(prompt: value)
        case "tool_choice" where !(request.tools?.contains(where: isKept) ?? false):
            losses.add(.drop, name, "no tool is left to choose")
        case "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "tool_choice", "metadata":
            out.key(text: name)
            out.value(value)
        case "messages": writeMessages(value)
        case "tools": try writeTools(value)
        case "thinking": ClaudeThinking.write(value, into: &out, &losses)
        case "output_config", "output_format": writeOutput(name, value)
        case "context_management": writeContext(value)
        case "thread", "compaction":
            throw TranslationError(.invalidRequest("\(name): not available with this backend; leave the field out"))
        case "safeguards":
            losses.add(.drop, name, "the service makes no safety check of tool calls; the client must ask the user")
        case "speed" where value.equals("standard"): return
        case "speed", "cache_control": losses.add(.drop, name, "InvokeModel has no such field")
        case "mcp_servers", "container", "fallbacks", "fallback_credit_token":
            if !value.isEmpty || value.isString { losses.add(.drop, name, "only Anthropic's own service has it") }
        default: losses.add(.drop, name, "unknown to this version")
        }
    }

    // MARK: Messages

    private mutating func writeMessages(_ messages: JSON) {
        let keepsSystem = model.takesSystemMessages && !facts.foldsSystem
        out.key("messages")
        out.beginArray()
        for (index, message) in messages.elements.enumerated() {
            if message["role"]?.equals("system") ?? false {
                if keepsSystem { write(system: message) } else { fold(message, index) }
            } else if !isSearched, Self.hasReference(message) {
                write(named: message, index)
            } else {
                out.value(message)
            }
        }
        out.endArray()
    }

    /// An instruction without what only Anthropic's own service reads in it.
    private mutating func write(system message: JSON) {
        out.beginObject()
        for (key, value) in message.members {
            guard key.equals("role") || key.equals("content") else {
                losses.add(.drop, "messages.\(key.string ?? "")", "InvokeModel has no such field in a system message")
                continue
            }
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        out.endObject()
    }

    /// An instruction as a user's message: neighbours of one role are one message for the model.
    private mutating func fold(_ message: JSON, _ index: Int) {
        losses.add(
            .move, "messages[\(index)]", "\(model.id) takes no system message here: the text stands in a user message")
        var prose = ChatProse()
        if let content = message["content"] {
            if content.isString { prose.add(content) }
            for block in content.elements { if let text = block["text"], text.isString { prose.add(text) } }
        }
        guard !prose.isEmpty else { return }
        out.beginObject()
        out.verbatim(#""role":"user","content":"#)
        prose.write(into: &out, before: #"<system-reminder>\n"#, after: #"\n</system-reminder>"#)
        out.endObject()
    }

    /// Whether tools may be loaded later.
    private var isSearched: Bool { betas.contains("tool-search-tool-2025-10-19") && model.takesStrictTools }

    private static func hasReference(_ message: JSON) -> Bool {
        (message["content"] ?? message).elements.contains { block in
            (block["content"] ?? block).elements.contains { $0["type"]?.equals("tool_reference") ?? false }
        }
    }

    /// A message whose results name tools, for models that do not load them later: the names as text.
    private mutating func write(named message: JSON, _ index: Int) {
        losses.add(.emulate, "messages[\(index)]", "references to tools became text")
        out.beginObject()
        out.field("role", "user")
        out.key("content")
        out.beginArray()
        for block in (message["content"] ?? message).elements { write(named: block) }
        out.endArray()
        out.endObject()
    }

    private mutating func write(named block: JSON) {
        guard let content = block["content"], content.isArray else { return out.value(block) }
        out.beginObject()
        for (key, value) in block.members where !key.equals("content") {
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        out.key("content")
        out.beginArray()
        for part in content.elements {
            guard part["type"]?.equals("tool_reference") ?? false else {
                out.value(part)
                continue
            }
            out.beginObject()
            out.field("type", "text")
            out.field("text", ChatWords.of(part, type: "tool_reference") ?? "Tool loaded.")
            out.endObject()
        }
        out.endArray()
        out.endObject()
    }

    /// The system prompt without the client's note of its own version, which would spoil prompt caches.
    private mutating func write(prompt system: JSON) {
        let isNoted = system.elements.contains { block in
            block["text"].map(ClientMarks.isAttribution) ?? false
        }
        out.key("system")
        guard isNoted else { return out.value(system) }
        out.beginArray()
        for block in system.elements {
            guard let text = block["text"], ClientMarks.isAttribution(text) else {
                out.value(block)
                continue
            }
        }
        out.endArray()
    }

    // MARK: Tools

    private mutating func writeTools(_ tools: JSON) throws(TranslationError) {
        var kept: [JSON] = []
        var refused: JSON?
        for (index, tool) in tools.elements.enumerated() {
            if tool["name"]?.equals(ClientMarks.placeholder) ?? false { continue }
            if isKept(tool) {
                kept.append(tool)
            } else {
                let type = tool["type"]?.string ?? "custom"
                losses.add(.drop, "tools[\(index)]", "\(type) runs on Anthropic's own service only")
                refused = refused ?? tool
            }
        }
        if kept.isEmpty {
            if let refused {
                throw BedrockErrors.noServerTool(
                    named: refused["name"]?.string ?? "a tool", type: refused["type"]?.string ?? "")
            }
            return
        }
        out.key("tools")
        out.beginArray()
        for tool in kept { write(tool: tool) }
        out.endArray()
    }

    /// Whether Bedrock knows this kind of tool.
    private func isKept(_ tool: JSON) -> Bool {
        let type = tool["type"]?.string ?? "custom"
        return type == "custom" || ClientTool.schema(type) != nil || type.hasPrefix("computer_20") || knows(type)
    }

    private func knows(_ type: String) -> Bool {
        type.hasPrefix("tool_search_tool_") && betas.contains("tool-search-tool-2025-10-19")
    }

    /// A tool without the members that this model does not know.
    private mutating func write(tool: JSON) {
        let isFine = betas.contains("fine-grained-tool-streaming-2025-05-14")
        var unknown: Set<String> = ["allowed_callers"]
        if !isSearched { unknown.formUnion(["defer_loading", "input_examples"]) }
        if !isFine { unknown.insert("eager_input_streaming") }
        if !model.takesStrictTools || facts.rejected.contains(.strict) { unknown.insert("strict") }
        guard tool.members.contains(where: { unknown.contains($0.key.string ?? "") }) else { return out.value(tool) }
        out.beginObject()
        for (key, value) in tool.members {
            let name = key.string ?? ""
            if unknown.contains(name) {
                if name != "allowed_callers" { losses.add(.drop, "tools.\(name)", "\(model.id) does not know it") }
                continue
            }
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        out.endObject()
    }

    // MARK: Other fields

    private mutating func writeOutput(_ name: String, _ config: JSON) {
        guard config["task_budget"] != nil else {
            out.key(text: name)
            return out.value(config)
        }
        losses.add(.drop, "output_config.task_budget", "InvokeModel has no such field")
        out.key(text: name)
        out.beginObject()
        for (key, value) in config.members where !key.equals("task_budget") {
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        out.endObject()
    }

    /// Field and beta go together, or not at all.
    private mutating func writeContext(_ value: JSON) {
        if betas.contains("context-management-2025-06-27") {
            out.key("context_management")
            return out.value(value)
        }
        for edit in (value["edits"] ?? value).elements where !ConverseWriter.isIdle(edit) {
            losses.add(.drop, "context_management", "the request does not ask for this capability")
        }
    }
}

/// `thinking` as Claude models on Bedrock take it.
enum ClaudeThinking {
    /// As the client says it, but for words that only Anthropic's own service knows.
    static func write(_ thinking: JSON, into out: inout JSONWriter, _ losses: inout Losses) {
        out.key("thinking")
        out.beginObject()
        for (key, value) in thinking.members {
            if key.equals("block_binding") {
                losses.add(.drop, "thinking.block_binding", "Bedrock has no such field")
                continue
            }
            out.value(key)
            out.verbatim(":")
            if key.equals("display"), value.equals("updates") {
                losses.add(.rename, "thinking.display", "unknown to Bedrock", from: "updates", to: "summarized")
                out.string("summarized")
            } else if key.equals("budget_tokens"), let budget = value.int, budget < 1024 {
                losses.add(.clamp, "thinking.budget_tokens", "at least 1024", from: "\(budget)", to: "1024")
                out.int(1024)
            } else {
                out.value(value)
            }
        }
        out.endObject()
    }
}
