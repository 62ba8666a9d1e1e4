internal import Intercept

/// Writes a Messages request as a Chat Completions request.
struct ChatRequestWriter: OpenAIRequestWriter {
    static let api: StaticString = "Chat Completions"
    static let takesFileAddresses = false

    let request: MessageRequest
    let known: KnownModel
    let memory: ToolMemory
    var out: JSONWriter
    var losses = Losses()
    var usedIDs: Set<UInt64> = []
    var hasTools = false
    var resultsTakeMedia: Bool { false }

    init(_ request: MessageRequest, _ known: KnownModel, _ memory: ToolMemory) {
        self.request = request
        self.known = known
        self.memory = memory
        out = Self.body(for: request)
    }

    mutating func write() throws(TranslationError) {
        let fields = try readFields()
        let messages = try messages()
        out.beginObject()
        out.field("model", model.name)
        if let tools = fields.tools { hasTools = writeToolList(tools) }
        out.key("messages")
        out.beginArray()
        if let system = fields.system { writeSystem(system, at: "system") }
        try writeMessages(messages)
        out.endArray()
        writeToolChoice(fields.toolChoice)
        writeParameters(fields)
        out.endObject()
    }

    // MARK: Messages

    mutating func beginMessage(_ role: StaticString) {
        out.beginObject()
        out.verbatim(#""role":""#)
        out.verbatim(role)
        out.verbatim(#"","content":"#)
    }

    /// Writes neighbouring assistant messages as one.
    mutating func writeAssistant(_ messages: [JSON], _ range: Range<Int>) -> [PendingCall] {
        var prose = ChatProse()
        var calls: [JSON] = []
        var thinking = ReturnedThinking()
        for index in range {
            guard let content = messages[index]["content"] else { continue }
            if content.isString { prose.add(content) } else { readAssistant(content, index, &prose, &calls, &thinking) }
        }
        guard !prose.isEmpty || !calls.isEmpty else { return [] }
        beginMessage("assistant")
        writeContent(prose, thinking)
        writeThinking(thinking, hasCalls: !calls.isEmpty)
        let pending = pending(calls)
        if !calls.isEmpty { writeCalls(calls, pending, thinking) }
        out.endObject()
        return pending
    }

    private mutating func readAssistant(
        _ content: JSON, _ index: Int, _ prose: inout ChatProse, _ calls: inout [JSON],
        _ thinking: inout ReturnedThinking
    ) {
        var isGlued = false
        for (place, block) in content.elements.enumerated() {
            let type = block["type"]?.string ?? ""
            switch type {
            case "text": if let text = block["text"] { prose.add(text, glued: isGlued) }
            case "tool_use": calls.append(block)
            case "thinking":
                if thinkingBack != .dropped { thinking.take(block, before: calls.count, model: model.name) }
            case "redacted_thinking", "fallback": break
            default: if let text = answerWords(block, type, index, place) { prose.add(text) }
            }
            isGlued = type == "text"
        }
    }

    private mutating func writeCalls(_ calls: [JSON], _ pending: [PendingCall], _ thinking: ReturnedThinking) {
        out.key("tool_calls")
        out.beginArray()
        for (place, (call, known)) in zip(calls, pending).enumerated() {
            out.beginObject()
            out.verbatim(#""id":""#)
            known.sentID.write(into: &out)
            out.verbatim(#"","type":"function","function":{"name":"#)
            writeCall(call)
            out.endObject()
            writeSignature(of: place, thinking)
            out.endObject()
        }
        out.endArray()
    }

    mutating func beginResult(_ call: PendingCall) {
        out.beginObject()
        out.verbatim(#""role":"tool","tool_call_id":""#)
        call.sentID.write(into: &out)
        out.verbatim(#"","content":"#)
    }

    mutating func write(_ part: MessagePart) {
        out.beginObject()
        switch part {
        case .text, .reminder:
            out.verbatim(#""type":"text","text":"#)
            writeQuoted(part)
        case .image(let source):
            out.verbatim(#""type":"image_url","image_url":{"url":"#)
            ChatMedia.writeImage(source, into: &out)
            out.endObject()
        case .file(let block):
            out.verbatim(#""type":"file","file":{"filename":"#)
            ChatMedia.writeFile(block, into: &out)
            out.endObject()
        }
        out.endObject()
    }

    // MARK: Tools

    mutating func beginTool() { out.verbatim(#""type":"function","function":{"name":"#) }

    mutating func endTool(isStrict: Bool) {
        if isStrict { out.verbatim(#","strict":true"#) }
        out.endObject()
    }

    mutating func writeForced(_ name: JSON) {
        out.verbatim(#""type":"function","function":{"name":"#)
        writeName(name)
        out.endObject()
    }

    // MARK: Parameters

    private mutating func writeParameters(_ fields: RequestFields) {
        writeMaxTokens()
        writeSampling(.temperature, fields.temperature)
        writeSampling(.topP, fields.topP)
        writeSampling(.topK, fields.topK)
        writeStops(fields.stops)
        writeEffort(fields)
        writeFormat(fields.format)
        if request.stream {
            out.field("stream", true)
            if profile.takes(.streamOptions), optional("stream_options", "stream") {
                out.verbatim(#","stream_options":{"include_usage":true}"#)
            }
        }
        writeServiceTier(fields.serviceTier)
        writeCacheKey()
    }

    private mutating func writeMaxTokens() {
        guard let asked = request.maxTokens else { return }
        let usual = known.maxField
        let field = facts.maxField ?? usual
        if isRejected(field.rawValue) {
            return losses.add(.drop, "max_tokens", "refused by the service under both names")
        }
        if field != usual {
            losses.add(.rename, "max_tokens", "the service refused \(usual.rawValue)", to: field.rawValue)
        }
        writeLimit(field.rawValue, asked, least: model.isReasoning ? 16 : 1)
    }

    private mutating func writeStops(_ stops: JSON?) {
        let usable = usableStops(stops)
        guard !usable.isEmpty else { return }
        if model.isReasoning || !profile.takes(.stop) || isRejected("stop") { return noteStops() }
        if usable.count > 4 {
            losses.add(.emulate, "stop_sequences", "the service takes 4; the answer is cut here at the others")
        }
        out.key("stop")
        out.beginArray()
        for stop in usable.prefix(4) { out.value(stop) }
        out.endArray()
    }

    private mutating func writeFormat(_ format: JSON?) {
        guard let schema = schema(format, field: "response_format") else { return }
        if profile.format == .object {
            losses.add(.emulate, "output_config.format", "\(profile.title) takes no schema, only the wish for JSON")
            return out.verbatim(#","response_format":{"type":"json_object"}"#)
        }
        out.verbatim(#","response_format":{"type":"json_schema","json_schema":{"#)
        writeAnswerSchema(schema)
        out.endObject()
        out.endObject()
    }
}
