internal import Intercept

/// Thinking of one earlier answer on its way back to the service that made it.
struct ReturnedThinking {
    /// Text that the service gave openly.
    private(set) var prose = ChatProse()
    /// Elements of `reasoning_details`, each with the text of its block.
    private(set) var details: [(element: JSON, text: JSON?)] = []
    /// `extra_content` of the message's calls, by their places.
    private(set) var extras: [Int: JSON] = [:]

    /// Takes a thinking block, unless it is another service's or another model's.
    ///
    /// - Parameter place: of the call behind it among the calls of the message.
    mutating func take(_ block: JSON, before place: Int, model: String) {
        guard let signature = block["signature"]?.string, let envelope = ThinkingEnvelope.open(signature),
            envelope["backend"]?.equals(OpenAICompatible.name) ?? false, envelope["model"]?.equals(model) ?? false
        else { return }
        if let text = block["thinking"] { prose.add(text) }
        if let list = envelope["details"] {
            for element in list.elements { details.append((element, block["thinking"])) }
        }
        if let extra = envelope["extra"], extra.isObject { extras[place] = extra }
    }
}

extension ChatRequestWriter {
    /// How thinking goes back.
    var thinkingBack: ServiceProfile.ThinkingBack { facts.thinkingBack ?? profile.thinkingBack }

    /// The content of an assistant's message.
    mutating func writeContent(_ prose: ChatProse, _ thinking: ReturnedThinking) {
        if thinkingBack == .parts, !thinking.prose.isEmpty {
            out.beginArray()
            out.verbatim(#"{"type":"thinking","thinking":[{"type":"text","text":"#)
            thinking.prose.write(into: &out)
            out.verbatim("}]}")
            if !prose.isEmpty {
                out.verbatim(#",{"type":"text","text":"#)
                prose.write(into: &out)
                out.verbatim("}")
            }
            return out.endArray()
        }
        if !prose.isEmpty { return prose.write(into: &out) }
        out.verbatim(facts.wantsContent ? #""""# : "null")
    }

    /// The members of an assistant's message that hold thinking.
    mutating func writeThinking(_ thinking: ReturnedThinking, hasCalls: Bool) {
        switch thinkingBack {
        case .field(let name, let blank):
            if !thinking.prose.isEmpty {
                out.key(text: name)
                thinking.prose.write(into: &out)
            } else if let blank, hasCalls, !(request.body["thinking"]?["type"]?.equals("disabled") ?? false) {
                out.key(text: name)
                out.string(blank)
            }
        case .details where !thinking.details.isEmpty:
            out.key("reasoning_details")
            out.beginArray()
            for detail in thinking.details { write(detail.element, text: detail.text) }
            out.endArray()
        case .dropped, .details, .parts, .signatures: return
        }
    }

    /// An element of `reasoning_details`; its text comes from the block where the envelope left it out.
    private mutating func write(_ detail: JSON, text: JSON?) {
        out.beginObject()
        for (key, value) in detail.members {
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        for name in ["text", "summary"] where detail["type"]?.equals("reasoning.\(name)") ?? false {
            guard detail[name] == nil, let text else { continue }
            out.key(text: name)
            out.value(text)
        }
        out.endObject()
    }

    /// `extra_content` of a call: what came with it, or Google's word for "from elsewhere" at the first one.
    mutating func writeSignature(of place: Int, _ thinking: ReturnedThinking) {
        guard thinkingBack == .signatures else { return }
        if let extra = thinking.extras[place] {
            out.key("extra_content")
            out.value(extra)
        } else if place == 0, model.signsCalls || facts.thinkingBack == .signatures {
            out.verbatim(#","extra_content":{"google":{"thought_signature":"skip_thought_signature_validator"}}"#)
        }
    }
}
