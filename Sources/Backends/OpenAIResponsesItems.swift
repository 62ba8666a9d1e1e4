internal import Intercept

/// The conversation as items of the Responses API: messages, reasoning, calls and their results, each on its own.
extension ResponsesRequestWriter {
    mutating func beginMessage(_ role: StaticString) {
        out.beginObject()
        out.verbatim(#""type":"message","role":""#)
        out.verbatim(role)
        out.verbatim(#"","content":"#)
    }

    mutating func beginResult(_ call: PendingCall) {
        out.beginObject()
        out.verbatim(#""type":"function_call_output","call_id":""#)
        call.sentID.write(into: &out)
        out.verbatim(#"","output":"#)
    }

    mutating func write(_ part: MessagePart) {
        out.beginObject()
        switch part {
        case .text, .reminder:
            out.verbatim(#""type":"input_text","text":"#)
            writeQuoted(part)
        case .image(let source):
            out.verbatim(#""type":"input_image","image_url":"#)
            ChatMedia.writeImage(source, into: &out)
            out.field("detail", "auto")
        case .file(let block):
            if let url = block["source"]?["url"], url.isString {
                out.verbatim(#""type":"input_file","file_url":"#)
                out.verbatim(bytes: url.raw)
            } else {
                out.verbatim(#""type":"input_file","filename":"#)
                ChatMedia.writeFile(block, into: &out)
            }
        }
        out.endObject()
    }

    // MARK: Assistant

    /// What one piece of reasoning led to. The API wants a reasoning item directly before the item that it produced, and
    /// some services want all calls of a turn side by side: text goes before the calls.
    private struct Segment {
        var reasoning: [Reasoning] = []
        var prose = ChatProse()
        var calls: [JSON] = []

        var isEmpty: Bool { prose.isEmpty && calls.isEmpty }
    }

    /// A reasoning item that goes back.
    private struct Reasoning {
        let envelope: JSON
        /// The text of the block.
        let text: JSON?
    }

    mutating func writeAssistant(_ messages: [JSON], _ range: Range<Int>) -> [PendingCall] {
        var segments = [Segment()]
        for index in range {
            guard let content = messages[index]["content"] else { continue }
            if content.isString {
                segments[segments.count - 1].prose.add(content)
            } else {
                readAssistant(content, index, &segments)
            }
        }
        // Reasoning that led to nothing would be refused.
        if segments.last?.isEmpty ?? false { segments.removeLast() }
        let lastCall = segments.lastIndex { !$0.calls.isEmpty }
        return segments.enumerated().flatMap { place, segment in
            write(segment, isBeforeCall: lastCall.map { place <= $0 } ?? false)
        }
    }

    private mutating func readAssistant(_ content: JSON, _ index: Int, _ segments: inout [Segment]) {
        var isGlued = false
        for (place, block) in content.elements.enumerated() {
            let type = block["type"]?.string ?? ""
            let last = segments.count - 1
            switch type {
            case "text": if let text = block["text"] { segments[last].prose.add(text, glued: isGlued) }
            case "tool_use": segments[last].calls.append(block)
            case "thinking":
                guard let reasoning = reasoning(block) else { break }
                if !segments[last].isEmpty { segments.append(Segment()) }
                segments[segments.count - 1].reasoning.append(reasoning)
            case "redacted_thinking", "fallback": break
            default: if let text = answerWords(block, type, index, place) { segments[last].prose.add(text) }
            }
            isGlued = type == "text"
        }
    }

    /// The item of a thinking block, or nil when this service did not make it for this model, or has refused it.
    private func reasoning(_ block: JSON) -> Reasoning? {
        guard let signature = block["signature"]?.string, let envelope = ThinkingEnvelope.open(signature),
            envelope["kind"]?.equals(ThinkingEnvelope.Kind.responses.rawValue) ?? false,
            envelope["host"]?.equals(host) ?? false, envelope["model"]?.equals(model.name) ?? false
        else { return nil }
        // A summary alone tells the model nothing, and its id is unknown where nothing is stored.
        guard let key = envelope["enc"] ?? (envelope["form"] == nil ? nil : envelope["id"]) else { return nil }
        return facts.refusedReasoning.contains(ReasoningItem.key(key))
            ? nil : Reasoning(envelope: envelope, text: block["thinking"])
    }

    private mutating func write(_ segment: Segment, isBeforeCall: Bool) -> [PendingCall] {
        for reasoning in segment.reasoning { write(reasoning) }
        if !segment.prose.isEmpty {
            beginMessage("assistant")
            segment.prose.write(into: &out)
            if model.tellsPhases, !isRejected("phase") {
                out.field("phase", isBeforeCall ? "commentary" : "final_answer")
            }
            out.endObject()
        }
        let pending = pending(segment.calls)
        for (call, known) in zip(segment.calls, pending) {
            out.beginObject()
            out.verbatim(#""type":"function_call","call_id":""#)
            known.sentID.write(into: &out)
            out.verbatim(#"","name":"#)
            writeCall(call)
            out.endObject()
        }
        return pending
    }

    private mutating func write(_ reasoning: Reasoning) {
        out.beginObject()
        out.field("type", "reasoning")
        out.field("id", ifPresent: reasoning.envelope["id"])
        let isPlain = reasoning.envelope["form"]?.equals("content") ?? false
        writeTexts("summary", #""type":"summary_text","text":"#, isPlain ? nil : reasoning.text)
        if isPlain { writeTexts("content", #""type":"reasoning_text","text":"#, reasoning.text) }
        out.field("encrypted_content", ifPresent: reasoning.envelope["enc"])
        out.endObject()
    }

    private mutating func writeTexts(_ name: StaticString, _ head: StaticString, _ text: JSON?) {
        out.key(name)
        out.beginArray()
        if let text, text.isString, !text.isEmptyString {
            out.beginObject()
            out.verbatim(head)
            out.verbatim(bytes: text.raw)
            out.endObject()
        }
        out.endArray()
    }
}
