internal import Intercept

/// Limits, sampling, stops, effort and format: everything behind the messages.
extension OpenAIRequestWriter {
    /// Whether the service takes this field; notes it when it has refused it before.
    mutating func optional(_ field: String, _ path: String) -> Bool {
        guard isRejected(field) else { return true }
        losses.add(.drop, path, "\(field) was refused by the service")
        return false
    }

    // MARK: Limits

    /// Writes the most tokens of the answer, within what the model can give.
    mutating func writeLimit(_ field: String, _ asked: Int, least: Int) {
        let value = max(limited(asked), least)
        if value != asked {
            losses.add(.clamp, "max_tokens", "outside the limits of \(model.name)", from: "\(asked)", to: "\(value)")
        }
        out.key(text: field)
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
        return most
    }

    // MARK: Sampling and stops

    mutating func writeSampling(_ field: ServiceProfile.Field, _ value: JSON?) {
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

    /// The stop sequences that can ever be met.
    func usableStops(_ stops: JSON?) -> [JSON] {
        (stops?.elements.map { $0 } ?? []).filter { $0.isString && !$0.isEmptyString }
    }

    /// Stop sequences that the service does not take are looked for in its answer.
    mutating func noteStops() {
        losses.add(.emulate, "stop_sequences", "\(model.name) takes none; the answer is cut here instead")
    }

    // MARK: Format and tier

    /// The schema that the answer must fit, if it can be asked for in this field.
    mutating func schema(_ format: JSON?, field: String) -> JSON? {
        guard let format else { return nil }
        guard format["type"]?.equals("json_schema") ?? false, let schema = format["schema"], schema.isObject else {
            losses.add(.drop, "output_config.format", "only json_schema can be carried over")
            return nil
        }
        return optional(field, "output_config.format") ? schema : nil
    }

    /// Writes name, schema and strictness of an answer's format, behind the brace that holds them.
    mutating func writeAnswerSchema(_ schema: JSON) {
        out.verbatim(#""name":"output","schema":"#)
        let dropped = Schemas.writeAny(schema, into: &out, rules: schemaRules)
        for name in dropped { losses.add(.drop, "output_config.format.schema.\(name)", "not taken by the service") }
        out.field("strict", profile.takes(.strict) && dropped.isEmpty && Schemas.isStrict(schema))
    }

    mutating func writeServiceTier(_ tier: JSON?) {
        guard profile.takes(.serviceTier), !isRejected("service_tier"), let tier else { return }
        if tier.equals("standard_only") { out.field("service_tier", "default") }
    }

    mutating func writeCacheKey() {
        if profile.takes(.promptCacheKey), !isRejected("prompt_cache_key"), let key = cacheKey {
            out.field("prompt_cache_key", key)
        }
    }

    /// The same for all requests of one session and agent, so that they reach the same prompt cache.
    private var cacheKey: String? {
        let session = request.headers["x-claude-code-session-id"] ?? request.body["metadata"]?["user_id"]?.string
        guard let session else { return nil }
        let agent = request.headers["x-claude-code-agent-id"] ?? ""
        return Identifier.hex(SHA256.hash(Array("\(session) \(agent)".utf8)).prefix(16))
    }
}
