/// Answers that an interceptor gives in the model's place.
public enum Reply {
    /// A message with these content blocks, as a stream would bring it.
    ///
    /// - Parameter blocks: Each block's start and its deltas.
    public static func events(
        _ blocks: [(start: ContentBlock, deltas: [BlockDelta])], to request: MessageRequest, usage: Usage = Usage()
    ) -> [MessageEvent] {
        let id = "msg_" + Identifier.hex(Identifier.random(12))
        var events: [MessageEvent] = [
            .messageStart(MessageStart(id: id, model: request.requestedModel, usage: Usage()))
        ]
        for (index, block) in blocks.enumerated() {
            events.append(.blockStart(index: index, block: block.start))
            for delta in block.deltas { events.append(.blockDelta(index: index, delta: delta)) }
            events.append(.blockStop(index: index))
        }
        return events + [.messageDelta(MessageDelta(stopReason: .endTurn, usage: usage)), .messageStop]
    }

    /// A message that is nothing but text.
    static func text(_ text: String, to request: MessageRequest) -> [MessageEvent] {
        events([(.text, [.text(JSONText(text))])], to: request)
    }
}
