internal import Intercept

/// Writes a Messages request as a request of the Responses API: https://platform.openai.com/docs/api-reference/responses
///
/// Nothing is kept at the service (`store: false`), so the whole conversation goes out each time, with the encrypted
/// reasoning that the client has kept for us in the signatures of its thinking blocks.
struct ResponsesRequestWriter: OpenAIRequestWriter {
    static let api: StaticString = "the Responses API"
    static let takesFileAddresses = true

    let request: MessageRequest
    let known: KnownModel
    let memory: ToolMemory
    /// Whose encrypted reasoning is sent back.
    let host: String
    var out: JSONWriter
    var losses = Losses()
    var usedIDs: Set<UInt64> = []
    var hasTools = false
    var resultsTakeMedia: Bool { !facts.takesTextResultsOnly }
    /// The least value of `max_output_tokens`.
    private let leastOutput = 16

    init(_ request: MessageRequest, _ known: KnownModel, _ memory: ToolMemory, host: String) {
        self.request = request
        self.known = known
        self.memory = memory
        self.host = host
        out = Self.body(for: request)
    }

    mutating func write() throws(TranslationError) {
        let fields = try readFields()
        let messages = try messages()
        out.beginObject()
        out.field("model", model.name)
        if let tools = fields.tools { hasTools = writeToolList(tools) }
        if let system = fields.system { writeInstructions(system) }
        out.key("input")
        out.beginArray()
        try writeMessages(messages)
        out.endArray()
        writeToolChoice(fields.toolChoice)
        writeParameters(fields)
        out.endObject()
    }

    private mutating func writeInstructions(_ system: JSON) {
        let prose = systemProse(system, "system")
        if prose.isEmpty { return }
        out.key("instructions")
        prose.write(into: &out)
    }

    // MARK: Tools

    mutating func beginTool() { out.verbatim(#""type":"function","name":"#) }

    /// The API takes a missing `strict` for true, and would then refuse most schemas.
    mutating func endTool(isStrict: Bool) { out.field("strict", isStrict) }

    mutating func writeForced(_ name: JSON) {
        out.verbatim(#""type":"function","name":"#)
        writeName(name)
    }

    // MARK: Parameters

    private mutating func writeParameters(_ fields: RequestFields) {
        if let asked = request.maxTokens, optional("max_output_tokens", "max_tokens") {
            writeLimit("max_output_tokens", asked, least: leastOutput)
        }
        writeSampling(.temperature, fields.temperature)
        writeSampling(.topP, fields.topP)
        if fields.topK != nil { losses.add(.drop, "top_k", "\(Self.api) has no such field") }
        if !usableStops(fields.stops).isEmpty { noteStops() }
        writeReasoning(fields)
        writeFormat(fields.format)
        if keepsReasoning { out.verbatim(#","include":["reasoning.encrypted_content"]"#) }
        out.field("store", false)
        if request.stream { out.field("stream", true) }
        writeServiceTier(fields.serviceTier)
        writeCacheKey()
    }

    /// Whether to ask for encrypted reasoning. OpenAI's models without reasoning refuse the question.
    private var keepsReasoning: Bool { (model.isReasoning || !model.isOpenAI) && !isRejected("include") }

    private mutating func writeReasoning(_ fields: RequestFields) {
        let wantsSummary = model.isReasoning && asksForThinking(fields.thinking)
        guard fields.effort == nil && !wantsSummary || optional("reasoning", "thinking") else { return }
        let effort = effort(ThinkingWish(fields), field: "reasoning.effort", among: efforts)
        let hasSummary = wantsSummary && effort != "none" && optional("reasoning.summary", "thinking.display")
        guard effort != nil || hasSummary else { return }
        out.key("reasoning")
        out.beginObject()
        out.field("effort", ifPresent: effort)
        if hasSummary { out.field("summary", "auto") }
        out.endObject()
    }

    /// What this model takes; of models that are not OpenAI's, what most take.
    private var efforts: [String] {
        facts.efforts ?? (model.isReasoning ? model.efforts : model.isOpenAI ? [] : ["low", "medium", "high"])
    }

    private func asksForThinking(_ thinking: JSON?) -> Bool {
        guard let thinking, let type = thinking["type"] else { return false }
        return !type.equals("disabled") && !(thinking["display"]?.equals("omitted") ?? false)
    }

    private mutating func writeFormat(_ format: JSON?) {
        guard let schema = schema(format, field: "text.format") else { return }
        out.verbatim(#","text":{"format":{"type":"json_schema","#)
        writeAnswerSchema(schema)
        out.endObject()
        out.endObject()
    }
}

extension MessageRequest {
    /// Whether the client can make use of thinking blocks: it asks for them, or it has tools and will send the blocks back.
    var takesThinking: Bool {
        if let type = body["thinking"]?["type"] { return !type.equals("disabled") }
        return !(body["tools"]?.isEmpty ?? true)
    }
}
