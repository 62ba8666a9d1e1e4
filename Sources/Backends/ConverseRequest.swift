internal import Intercept

/// Writes a Messages request as a Converse request:
/// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
struct ConverseWriter {
    let request: MessageRequest
    let model: BedrockModel
    let facts: BedrockFacts
    let options: BedrockOptions
    /// The long context window was asked for with the model's name.
    let isLong: Bool
    var out: JSONWriter
    var losses = Losses()
    /// Marks still to be left out, so that the last four stay.
    var surplusMarks = 0

    init(
        _ request: MessageRequest, _ model: BedrockModel, _ facts: BedrockFacts, _ options: BedrockOptions,
        isLong: Bool
    ) {
        self.request = request
        self.model = model
        self.facts = facts
        self.options = options
        self.isLong = isLong
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
        var cache: CacheMark?
    }

    mutating func write() throws(TranslationError) {
        let fields = try readFields()
        guard let messages = request.body["messages"], !messages.isEmpty else {
            throw TranslationError(.invalidRequest("messages: at least one message is required"))
        }
        var conversation = ConverseConversation(model, facts)
        try conversation.add(Array(messages.elements))
        for loss in conversation.losses.all { losses.add(loss) }
        var turns = conversation.turns
        mark(&turns, fields.cache)
        let tools = try toolList(fields, called: conversation.calledTools)
        surplusMarks = marks(tools, fields.system, turns) - 4
        if surplusMarks > 0 { losses.add(.drop, "cache_control", "Bedrock takes 4 cache points: the last ones stay") }
        out.beginObject()
        writeTools(tools, fields)
        writeSystem(fields.system)
        writeMessages(turns)
        writeParameters(fields, tools)
        out.endObject()
    }

    /// Sorts the members of the body; notes those that no field of Converse can carry.
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
            case "cache_control": fields.cache = CacheMark(value)
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
                losses.add(.drop, "output_config.\(key.string ?? "")", "Converse has no such field")
            }
        }
    }

    private mutating func noteOther(_ name: String, _ value: JSON) {
        switch name {
        case "model", "messages", "max_tokens", "stream", "metadata", "diagnostics", "inference_geo", "service_tier",
            "user_profile_id", "workspace_id", "tags", "billing_policy", "anthropic_version", "anthropic_beta", "betas":
            return
        case "context_management":
            for edit in (value["edits"] ?? value).elements where !Self.isIdle(edit) {
                losses.add(.drop, "context_management", "Converse does not edit the context")
            }
        case "mcp_servers", "container", "fallbacks", "fallback_credit_token":
            if !value.isEmpty || value.isString { losses.add(.drop, name, "only Anthropic's own service has it") }
        case "speed": if !value.equals("standard") { losses.add(.drop, name, "Converse has no such field") }
        case "safeguards":
            losses.add(.drop, name, "the service makes no safety check of tool calls; the client must ask the user")
        default: losses.add(.drop, name, "unknown to this version")
        }
    }

    /// An edit that changes nothing: thinking of earlier turns is kept.
    static func isIdle(_ edit: JSON) -> Bool {
        (edit["type"]?.string ?? "").hasPrefix("clear_thinking") && edit["keep"]?.equals("all") ?? true
    }

    // MARK: Cache points

    /// The mark for the whole request goes behind the last block that can bear one.
    private func mark(_ turns: inout [ConverseTurn], _ cache: CacheMark?) {
        guard let cache, let last = turns.indices.last else { return }
        guard let item = turns[last].items.lastIndex(where: { $0.block.bearsCache }) else { return }
        if turns[last].items[item].cache == nil { turns[last].items[item].cache = cache }
    }

    private func marks(_ tools: [ConverseTool], _ system: JSON?, _ turns: [ConverseTurn]) -> Int {
        guard takesCachePoints else { return 0 }
        let inTools = tools.count { $0.cache != nil }
        let inSystem = (system?.elements.map { $0 } ?? []).count { CacheMark($0["cache_control"]) != nil }
        return inTools + inSystem + turns.reduce(0) { $0 + $1.items.count { $0.cache != nil } }
    }

    private var takesCachePoints: Bool { model.takesCachePoints && !facts.rejected.contains(.cachePoint) }

    /// A cache point as an element of its own, behind what it marks.
    mutating func writeCachePoint(_ cache: CacheMark?, _ path: String) {
        guard let cache, takesCachePoints else { return }
        if surplusMarks > 0 {
            surplusMarks -= 1
            return
        }
        out.beginObject()
        out.verbatim(#""cachePoint":{"type":"default""#)
        if cache == .hour {
            if model.takesHour, !facts.rejected.contains(.hour) {
                out.verbatim(#","ttl":"1h""#)
            } else {
                losses.add(
                    .clamp, "\(path).cache_control.ttl", "\(model.id) keeps caches for 5 minutes", from: "1h", to: "5m")
            }
        }
        out.verbatim("}}")
    }

    // MARK: System

    private mutating func writeSystem(_ system: JSON?) {
        guard let system else { return }
        let texts = system.isString ? [system] : system.elements.compactMap { $0["text"] }
        guard texts.contains(where: { Self.isSent($0) }) else { return }
        out.key("system")
        out.beginArray()
        if system.isString { writeText(.copied(system)) }
        var hasText = false
        for (place, block) in system.elements.enumerated() {
            if let text = block["text"], text.isString {
                if Self.isSent(text) {
                    writeText(.copied(text))
                    hasText = true
                }
            } else {
                losses.add(
                    .drop, "system[\(place)]", "a block of type \(block["type"]?.string ?? "unknown") has no form here")
            }
            if hasText { writeCachePoint(CacheMark(block["cache_control"]), "system[\(place)]") }
        }
        out.endArray()
    }

    /// Neither blank nor the client's note of its own version.
    private static func isSent(_ text: JSON) -> Bool {
        !JSONBlank.isBlank(text) && !ClientMarks.isAttribution(text)
    }
}
