internal import Intercept

/// Limits, sampling, thinking, format: everything behind the messages.
extension ConverseWriter {
    mutating func writeParameters(_ fields: Fields, _ tools: [ConverseTool]) {
        writeInference(fields)
        var extra = JSONWriter()
        extra.beginObject()
        writeExtra(fields, tools, into: &extra)
        extra.endObject()
        if extra.bytes.count > 2 {
            out.key("additionalModelRequestFields")
            out.raw(extra.bytes)
        }
        if model.isClaude, !stops(fields.stops).isEmpty {
            out.verbatim(#","additionalModelResponseFieldPaths":["/stop_sequence"]"#)
        }
        writeOutputConfig(fields)
        options.write(into: &out, isStream: request.stream)
    }

    // MARK: inferenceConfig

    private mutating func writeInference(_ fields: Fields) {
        out.key("inferenceConfig")
        out.beginObject()
        writeMaxTokens()
        writeSampling("temperature", fields.temperature)
        writeSampling("topP", fields.topP)
        let stops = writableStops(fields.stops)
        if !stops.isEmpty {
            out.key("stopSequences")
            out.beginArray()
            for stop in stops { out.value(stop) }
            out.endArray()
        }
        out.endObject()
    }

    private mutating func writeMaxTokens() {
        guard let asked = request.maxTokens else { return }
        let value = max(1, min(asked, facts.maxOutput ?? asked))
        if asked == 0 {
            losses.add(.emulate, "max_tokens", "Converse gives one token at least: it is asked for and left out")
        } else if value != asked {
            losses.add(.clamp, "max_tokens", "the most that \(model.id) gives", from: "\(asked)", to: "\(value)")
        }
        out.field("maxTokens", value)
    }

    private mutating func writeSampling(_ field: String, _ value: JSON?) {
        guard let value, let number = value.double else { return }
        let path = field == "topP" ? "top_p" : field
        guard model.takesSampling else {
            if number != 1 { losses.add(.drop, path, "\(model.id) takes only the default") }
            return
        }
        let clamped = min(max(number, 0), 1)
        if clamped != number {
            losses.add(.clamp, path, "Bedrock takes 0 to 1", from: "\(number)", to: "\(clamped)")
        }
        out.key(text: field)
        if clamped == number { out.verbatim(bytes: value.raw) } else { out.verbatim(int: Int(clamped)) }
    }

    private func stops(_ stops: JSON?) -> [JSON] {
        (stops?.elements.map { $0 } ?? []).filter { $0.isString && !JSONBlank.isBlank($0) }
    }

    private mutating func writableStops(_ all: JSON?) -> [JSON] {
        let usable = stops(all)
        if usable.count < all?.count ?? 0 {
            losses.add(.drop, "stop_sequences", "Bedrock refuses stop sequences of blanks")
        }
        if usable.count > 2500 { losses.add(.drop, "stop_sequences", "Bedrock takes 2500") }
        return Array(usable.prefix(2500))
    }

    // MARK: Fields of the model's own

    private mutating func writeExtra(_ fields: Fields, _ tools: [ConverseTool], into extra: inout JSONWriter) {
        if model.isClaude { writeClaude(fields, tools, into: &extra) } else { writeForeign(fields, into: &extra) }
    }

    private mutating func writeClaude(_ fields: Fields, _ tools: [ConverseTool], into extra: inout JSONWriter) {
        if let topK = fields.topK, topK.int != nil {
            if model.takesSampling {
                extra.field("top_k", topK)
            } else {
                losses.add(.drop, "top_k", "\(model.id) takes only the default")
            }
        }
        if let thinking = fields.thinking, thinking.isObject { ClaudeThinking.write(thinking, into: &extra, &losses) }
        if let effort = fields.effort, effort.isString {
            extra.key("output_config")
            extra.beginObject()
            extra.field("effort", effort)
            extra.endObject()
        }
        if let choice = serialChoice(fields), !tools.isEmpty {
            extra.key("tool_choice")
            extra.beginObject()
            extra.field("type", choice.type)
            extra.field("name", ifPresent: choice.name)
            extra.field("disable_parallel_tool_use", true)
            extra.endObject()
        }
        let native = tools.compactMap { if case .native(let tool) = $0.form { tool } else { nil } }
        if !native.isEmpty {
            extra.key("tools")
            extra.beginArray()
            for tool in native { extra.value(tool) }
            extra.endArray()
        }
        if !facts.rejected.contains(.betas) {
            BedrockBetas.write(BedrockBetas.sent(request, isLong: isLong), into: &extra)
        }
    }

    /// Reasoning and top_k in the words of other vendors.
    private mutating func writeForeign(_ fields: Fields, into extra: inout JSONWriter) {
        if let topK = fields.topK?.int {
            if model.isNova {
                extra.key("inferenceConfig")
                extra.beginObject()
                extra.field("topK", min(max(topK, 1), 128))
                extra.endObject()
            } else {
                losses.add(.drop, "top_k", "\(model.id) has no such field")
            }
        }
        guard let effort = wantedEffort(fields) else { return }
        switch model.family {
        case .gptOSS: extra.field("reasoning_effort", effort)
        case .qwen: extra.field("reasoning_config", effort)
        case .nova(let generation) where generation >= 2:
            extra.key("reasoningConfig")
            extra.beginObject()
            extra.field("type", "enabled")
            extra.field("maxReasoningEffort", effort)
            extra.endObject()
        default: losses.add(.drop, "thinking", "\(model.id) does not let its reasoning be set")
        }
    }

    /// `low`, `medium` or `high`; nil where no thinking is asked for.
    private func wantedEffort(_ fields: Fields) -> String? {
        guard let type = fields.thinking?["type"]?.string, type != "disabled" else { return nil }
        switch fields.effort?.string {
        case "low": return "low"
        case "medium": return "medium"
        case .some: return "high"
        case nil: break
        }
        guard let budget = fields.thinking?["budget_tokens"]?.int else { return nil }
        return budget < 4096 ? "low" : budget < 16_384 ? "medium" : "high"
    }

    // MARK: outputConfig

    private mutating func writeOutputConfig(_ fields: Fields) {
        guard let format = fields.format else { return }
        guard format["type"]?.equals("json_schema") ?? false, let schema = format["schema"], schema.isObject else {
            return losses.add(.drop, "output_config.format", "only json_schema can be carried over")
        }
        guard !facts.rejected.contains(.format) else {
            return losses.add(.drop, "output_config.format", "refused by \(model.id)")
        }
        out.verbatim(
            #","outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"output","schema":"#
        )
        out.string(containing: schema)
        out.verbatim("}}}}")
    }
}

/// What the variables add to every request.
struct BedrockOptions: Sendable, Equatable {
    /// Id or ARN, and version of a guardrail.
    let guardrail: (id: String, version: String)?
    /// `enabled`, `enabled_full`
    let guardrailTrace: String?
    /// `priority`, `flex`, `reserved`
    let serviceTier: String?

    init(_ environment: Environment) throws(ConfigError) {
        guardrail = environment["BEDROCK_GUARDRAIL_ID"].map {
            ($0, environment["BEDROCK_GUARDRAIL_VERSION"] ?? "DRAFT")
        }
        guardrailTrace = try Self.word("BEDROCK_GUARDRAIL_TRACE", ["enabled", "disabled", "enabled_full"], environment)
        serviceTier = try Self.word("BEDROCK_SERVICE_TIER", ["default", "priority", "flex", "reserved"], environment)
    }

    static func == (left: BedrockOptions, right: BedrockOptions) -> Bool {
        left.guardrail?.id == right.guardrail?.id && left.guardrail?.version == right.guardrail?.version
            && left.guardrailTrace == right.guardrailTrace && left.serviceTier == right.serviceTier
    }

    /// A variable's value that must be one of these words.
    static func word(
        _ name: String, _ words: [String], _ environment: Environment
    ) throws(ConfigError) -> String? {
        guard let entry = environment.entry(name) else { return nil }
        guard words.contains(entry.value) else {
            throw ConfigError(
                "\(name)=\(entry.value) (\(entry.source)): expected one of \(words.joined(separator: ", "))")
        }
        return entry.value
    }

    /// The same for InvokeModel, which takes them as header fields.
    var fields: [HTTPFields.Field] {
        var fields: [HTTPFields.Field] = []
        if let guardrail {
            fields.append(.init("X-Amzn-Bedrock-GuardrailIdentifier", guardrail.id))
            fields.append(.init("X-Amzn-Bedrock-GuardrailVersion", guardrail.version))
            if let guardrailTrace { fields.append(.init("X-Amzn-Bedrock-Trace", guardrailTrace.uppercased())) }
        }
        if let serviceTier { fields.append(.init("X-Amzn-Bedrock-Service-Tier", serviceTier)) }
        return fields
    }

    func write(into out: inout JSONWriter, isStream: Bool) {
        if let guardrail {
            out.key("guardrailConfig")
            out.beginObject()
            out.field("guardrailIdentifier", guardrail.id)
            out.field("guardrailVersion", guardrail.version)
            out.field("trace", ifPresent: guardrailTrace)
            if isStream { out.field("streamProcessingMode", "sync") }
            out.endObject()
        }
        if let serviceTier {
            out.key("serviceTier")
            out.beginObject()
            out.field("type", serviceTier)
            out.endObject()
        }
    }
}
