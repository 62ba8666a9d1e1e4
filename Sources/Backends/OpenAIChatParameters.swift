internal import Intercept

/// Limits, sampling, stops, effort and format: everything behind the messages.
extension ChatRequestWriter {
    mutating func writeParameters(_ fields: Fields) {
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
        if profile.takes(.promptCacheKey), !isRejected("prompt_cache_key"), let key = cacheKey {
            out.field("prompt_cache_key", key)
        }
    }

    /// Whether the service takes this field; notes it when it has refused it before.
    mutating func optional(_ field: String, _ path: String) -> Bool {
        guard isRejected(field) else { return true }
        losses.add(.drop, path, "\(field) was refused by the service")
        return false
    }

    // MARK: Limits

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

    private mutating func writeSampling(_ field: ServiceProfile.Field, _ value: JSON?) {
        guard let value, let number = value.double else { return }
        let name = field.rawValue
        if field == .topK || !model.isReasoning {
            guard profile.takes(field) else { return losses.add(.drop, name, "\(profile.title) has no such field") }
        } else {
            if number != 1 { losses.add(.drop, name, "\(model.name) takes only the default") }
            return
        }
        guard optional(name, name) else { return }
        out.key(text: name)
        out.verbatim(bytes: value.raw)
    }

    private mutating func writeStops(_ stops: JSON?) {
        let usable = (stops?.elements.map { $0 } ?? []).filter { $0.isString && !$0.isEmptyString }
        guard !usable.isEmpty else { return }
        if model.isReasoning || !profile.takes(.stop) || isRejected("stop") {
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

    // MARK: Format and tier

    private mutating func writeFormat(_ format: JSON?) {
        guard let format else { return }
        guard format["type"]?.equals("json_schema") ?? false, let schema = format["schema"], schema.isObject else {
            return losses.add(.drop, "output_config.format", "only json_schema can be carried over")
        }
        guard optional("response_format", "output_config.format") else { return }
        if profile.format == .object {
            losses.add(.emulate, "output_config.format", "\(profile.title) takes no schema, only the wish for JSON")
            return out.verbatim(#","response_format":{"type":"json_object"}"#)
        }
        out.verbatim(#","response_format":{"type":"json_schema","json_schema":{"name":"output","schema":"#)
        let dropped = Schemas.writeAny(schema, into: &out, rules: schemaRules)
        for name in dropped { losses.add(.drop, "output_config.format.schema.\(name)", "not taken by the service") }
        out.field("strict", profile.takes(.strict) && dropped.isEmpty && Schemas.isStrict(schema))
        out.endObject()
        out.endObject()
    }

    private mutating func writeServiceTier(_ tier: JSON?) {
        guard profile.takes(.serviceTier), !isRejected("service_tier"), let tier else { return }
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
