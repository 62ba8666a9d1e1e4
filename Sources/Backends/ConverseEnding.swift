internal import Intercept

/// Why an answer of Converse ended, and what it cost.
extension ConverseStream {
    /// Closes what is open and says why the message ended.
    mutating func end(_ emit: (MessageEvent) -> Void) throws(TranslationError) {
        isEnded = true
        close(emit)
        var delta = MessageDelta(stopReason: .endTurn, usage: usage ?? guessed())
        (delta.stopReason, delta.stopSequence, delta.refusal) = try ending()
        emit(.messageDelta(delta))
        emit(.messageStop)
    }

    private mutating func ending() throws(TranslationError) -> (StopReason, String?, String?) {
        if isMuted { return (.maxTokens, nil, nil) }
        let natural: StopReason = hasCall ? .toolUse : .endTurn
        switch stop?.reason ?? "" {
        case "end_turn", "tool_use": return (natural, nil, nil)
        case "max_tokens": return (.maxTokens, nil, nil)
        case "stop_sequence": return (.stopSequence, stop?.sequence ?? onlyStop, nil)
        case "guardrail_intervened": return (.refusal, nil, "Bedrock guardrail intervened")
        case "content_filtered": return (.refusal, nil, "Bedrock filtered the content")
        case "model_context_window_exceeded": return (.contextWindowExceeded, nil, nil)
        case let reason where reason.hasPrefix("malformed_"):
            guard hasText || hasCall else {
                throw TranslationError(MessageError(500, nil, "the model's answer could not be read (\(reason))"))
            }
            losses.add(.rename, "stop_reason", "the model's answer was damaged", from: reason, to: natural.rawValue)
            return (natural, nil, nil)
        case let reason:
            losses.add(.rename, "stop_reason", "unknown stopReason", from: reason, to: natural.rawValue)
            return (natural, nil, nil)
        }
    }

    /// The stop sequence of the request when there is only one.
    private var onlyStop: String? {
        guard let stops = context.request.body["stop_sequences"], stops.count == 1 else { return nil }
        return stops.elements.first { _ in true }?.string
    }

    private mutating func guessed() -> Usage {
        losses.add(.emulate, "usage", "Bedrock reported none; the counts are estimates")
        var estimate = estimate
        estimate.output = (emitted + 3) / 4
        return estimate
    }
}

extension Usage {
    /// Reads Converse's counts; `inputTokens` leaves cached ones out, as here.
    init?(converse json: JSON?) {
        guard let json, json["inputTokens"] != nil || json["outputTokens"] != nil else { return nil }
        self.init(
            input: json["inputTokens"]?.int ?? 0, output: json["outputTokens"]?.int ?? 0,
            cacheRead: json["cacheReadInputTokens"]?.int ?? 0, cacheCreation: json["cacheWriteInputTokens"]?.int ?? 0)
        for detail in json["cacheDetails"]?.elements ?? json.elements where detail["ttl"]?.equals("1h") ?? false {
            cacheCreationHour = detail["inputTokens"]?.amount
        }
    }
}

extension JSONBlank {
    /// Whether the text holds only blanks, escaped or not.
    static func isBlank(_ text: JSONText) -> Bool { text.utf8Bytes.allSatisfy { $0 <= 0x20 } }
}
