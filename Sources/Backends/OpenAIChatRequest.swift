internal import Intercept

/// Writes a Messages request as a Chat Completions request. What stays the same from turn to turn comes first (model,
/// tools, messages), so that the bytes of a conversation grow at the end and prompt caches keep fitting.
struct ChatRequestWriter {
    let request: MessageRequest
    let known: KnownModel
    let model: ChatModel
    let facts: ModelFacts
    var profile: ServiceProfile { known.profile }
    var out: JSONWriter
    var losses = Losses()
    /// Hashes of the call ids used so far: a second use gets a name of its own.
    var usedIDs: Set<UInt64> = []
    /// Whether the request offers a tool.
    private(set) var hasTools = false
    let memory: ToolMemory

    init(_ request: MessageRequest, _ known: KnownModel, _ memory: ToolMemory = ToolMemory()) {
        self.memory = memory
        self.request = request
        self.known = known
        model = known.model
        facts = known.facts
        out = JSONWriter(capacity: request.body.range.count + request.body.range.count / 16 + 256)
    }

    /// The fields of the request that the translation reads, found in one pass.
    struct Fields {
        var tools: JSON?
        var toolChoice: JSON?
        var system: JSON?
        var thinking: JSON?
        var effort: JSON?
        var format: JSON?
        var temperature: JSON?
        var topP: JSON?
        var topK: JSON?
        var stops: JSON?
        var serviceTier: JSON?
    }

    mutating func write() throws(TranslationError) {
        let fields = try readFields()
        guard let messages = request.body["messages"], !messages.isEmpty else {
            throw TranslationError(.invalidRequest("messages: at least one message is required"))
        }
        out.beginObject()
        out.field("model", model.name)
        if let tools = fields.tools { hasTools = writeToolList(tools) }
        out.key("messages")
        out.beginArray()
        if let system = fields.system { writeSystem(system, at: "system") }
        try writeMessages(Array(messages.elements))
        out.endArray()
        writeToolChoice(fields.toolChoice)
        writeParameters(fields)
        out.endObject()
    }

    /// Sorts the members of the body; notes those that no Chat Completions field can carry.
    private mutating func readFields() throws(TranslationError) -> Fields {
        var fields = Fields()
        for (key, value) in request.body.members where !value.isNull {
            switch key.string ?? "" {
            case "tools": fields.tools = value
            case "tool_choice": fields.toolChoice = value
            case "system": fields.system = value
            case "thinking": fields.thinking = value
            case "output_config": readOutputConfig(value, &fields)
            case "output_format": fields.format = value
            case "temperature": fields.temperature = value
            case "top_p": fields.topP = value
            case "top_k": fields.topK = value
            case "stop_sequences": fields.stops = value
            case "service_tier": fields.serviceTier = value
            case "thread", "compaction":
                throw TranslationError(
                    .invalidRequest("\(key.string ?? ""): not available with this backend; leave the field out"))
            case let name: noteOther(name, value)
            }
        }
        return fields
    }

    private mutating func readOutputConfig(_ config: JSON, _ fields: inout Fields) {
        for (key, value) in config.members where !value.isNull {
            if key.equals("effort") {
                fields.effort = value
            } else if key.equals("format") {
                fields.format = value
            } else {
                losses.add(.drop, "output_config.\(key.string ?? "")", "Chat Completions has no such field")
            }
        }
    }

    private mutating func noteOther(_ name: String, _ value: JSON) {
        switch name {
        case "model", "messages", "max_tokens", "stream", "metadata", "cache_control", "diagnostics", "inference_geo",
            "user_profile_id", "workspace_id", "tags", "anthropic_version", "anthropic_beta", "betas":
            return
        case "context_management":
            let edits = value["edits"]?.elements ?? value.elements
            for edit in edits where !(edit["type"]?.string ?? "").hasPrefix("clear_thinking") {
                losses.add(.drop, "context_management", "the service does not edit the context")
            }
        case "mcp_servers", "container", "fallbacks":
            if !value.isEmpty || value.isString { losses.add(.drop, name, "only Anthropic's own service has it") }
        case "speed": if !value.equals("standard") { losses.add(.drop, name, "Chat Completions has no such field") }
        case "safeguards":
            losses.add(.drop, name, "the service makes no safety check of tool calls; the client must ask the user")
        default: losses.add(.drop, name, "unknown to this version")
        }
    }
}
