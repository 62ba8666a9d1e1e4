internal import Intercept

/// Limits, sampling, stops, effort and format: everything behind the messages.
extension ChatRequestWriter {
    mutating func writeParameters(_ fields: Fields) {
        writeMaxTokens()
        writeSampling("temperature", fields.temperature)
        writeSampling("top_p", fields.topP)
        writeStops(fields.stops)
        writeEffort(fields)
        writeFormat(fields.format)
        if request.stream {
            out.field("stream", true)
            if optional("stream_options", "stream") {
                out.verbatim(#","stream_options":{"include_usage":true}"#)
            }
        }
        writeServiceTier(fields.serviceTier)
        if profile.takesCacheKey, !isRejected("prompt_cache_key"), let key = cacheKey {
            out.field("prompt_cache_key", key)
        }
    }

    /// Whether the service takes this field; notes it when it has refused it before.
    private mutating func optional(_ field: String, _ path: String) -> Bool {
        guard isRejected(field) else { return true }
        losses.add(.drop, path, "\(field) was refused by the service")
        return false
    }

    // MARK: Limits

    private mutating func writeMaxTokens() {
        guard let asked = request.maxTokens else { return }
        let field = facts.maxField ?? profile.maxField
        if isRejected(field.rawValue) {
            return losses.add(.drop, "max_tokens", "refused by the service under both names")
        }
        if field != profile.maxField {
            losses.add(.rename, "max_tokens", "the service refused \(profile.maxField.rawValue)", to: field.rawValue)
        }
        let value = limited(asked)
        if value != asked {
            losses.add(.clamp, "max_tokens", "outside the limits of \(model.name)", from: "\(asked)", to: "\(value)")
        }
        out.key(text: field.rawValue)
        out.verbatim(int: value)
    }

    private func limited(_ asked: Int) -> Int {
        var most = asked
        if let limit = facts.maxOutput ?? model.maxOutput { most = min(most, limit) }
        if let window = facts.contextWindow {
            // The estimate may be a few percent off: leave room.
            let prompt = TokenCounter.count(request.body, model: model.name)
            most = min(most, max(window - prompt - prompt / 16 - 64, 256))
        }
        return max(most, model.isReasoning ? 16 : 1)
    }

    // MARK: Sampling and stops

    private mutating func writeSampling(_ field: String, _ value: JSON?) {
        guard let value, let number = value.double else { return }
        if model.isReasoning {
            if number != 1 { losses.add(.drop, field, "\(model.name) takes only the default") }
            return
        }
        guard optional(field, field) else { return }
        out.key(text: field)
        out.verbatim(bytes: value.raw)
    }

    private mutating func writeStops(_ stops: JSON?) {
        let usable = (stops?.elements.map { $0 } ?? []).filter { $0.isString && !$0.isEmptyString }
        guard !usable.isEmpty else { return }
        if model.isReasoning || isRejected("stop") {
            return losses.add(.emulate, "stop_sequences", "\(model.name) takes none; the answer is cut here instead")
        }
        if usable.count > 4 {
            losses.add(.emulate, "stop_sequences", "the service takes 4; the answer is cut here at the others")
        }
        out.key("stop")
        out.beginArray()
        for stop in usable.prefix(4) { out.value(stop) }
        out.endArray()
    }

    // MARK: Effort

    private mutating func writeEffort(_ fields: Fields) {
        guard let wanted = wantedEffort(fields) else { return }
        guard model.isReasoning else {
            if fields.effort != nil {
                losses.add(.drop, "output_config.effort", "\(model.name) has no reasoning effort")
            }
            return
        }
        guard optional("reasoning_effort", "output_config.effort") else { return }
        let accepted = facts.efforts ?? model.efforts
        guard let effort = ChatModel.effort(wanted, among: accepted) else {
            return losses.add(.drop, "output_config.effort", "unknown to \(model.name)", from: wanted)
        }
        if wanted == "none", effort != "none" { return }
        if effort != wanted {
            losses.add(.clamp, "output_config.effort", "\(model.name) has no such effort", from: wanted, to: effort)
        }
        out.field("reasoning_effort", effort)
    }

    /// The effort asked for, or one that fits the thinking budget; nil leaves it to the service.
    private func wantedEffort(_ fields: Fields) -> String? {
        let type = fields.thinking?["type"]
        if type?.equals("disabled") ?? false { return "none" }
        if let effort = fields.effort?.string { return effort }
        guard type?.equals("enabled") ?? false, let budget = fields.thinking?["budget_tokens"]?.int else { return nil }
        return budget < 4096 ? "low" : budget < 16_384 ? "medium" : "high"
    }

    // MARK: Format and tier

    private mutating func writeFormat(_ format: JSON?) {
        guard let format else { return }
        guard format["type"]?.equals("json_schema") ?? false, let schema = format["schema"], schema.isObject else {
            return losses.add(.drop, "output_config.format", "only json_schema can be carried over")
        }
        guard optional("response_format", "output_config.format") else { return }
        out.verbatim(#","response_format":{"type":"json_schema","json_schema":{"name":"output","schema":"#)
        out.verbatim(bytes: schema.raw)
        out.field("strict", Schemas.isStrict(schema))
        out.endObject()
        out.endObject()
    }

    private mutating func writeServiceTier(_ tier: JSON?) {
        guard profile.takesServiceTier, !isRejected("service_tier"), let tier else { return }
        if tier.equals("standard_only") { out.field("service_tier", "default") }
    }

    /// The same for all requests of one session and agent, so that they reach the same prompt cache.
    private var cacheKey: String? {
        let session = request.headers["x-claude-code-session-id"] ?? request.body["metadata"]?["user_id"]?.string
        guard let session else { return nil }
        let agent = request.headers["x-claude-code-agent-id"] ?? ""
        return Identifier.hex(SHA256.hash(Array("\(session) \(agent)".utf8)).prefix(16))
    }
}
