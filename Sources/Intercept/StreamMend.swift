/// Mends a passed-through answer where its service leaves out what clients cannot do without: the prompt's tokens at the
/// beginning, the member `signature` of thinking, `usage` at the end, the last event. All else keeps its bytes.
struct StreamMend {
    /// The tokens of the prompt, for services that tell them late or never.
    private let prompt: () -> Int
    /// Bytes of the answer so far.
    private var answered = 0
    private var state = State.waiting

    private enum State {
        case waiting
        case open
        /// The reason for the stop was told: only the last event is missing.
        case stopped
        case over
    }

    init(prompt: @escaping () -> Int) { self.prompt = prompt }

    /// The event as the client may have it.
    mutating func mend(_ raw: SSEEvent) -> SSEEvent {
        switch MessageEvent(raw) {
        case .messageStart(let start):
            state = .open
            return start.usage.prompt > 0 ? raw : edited(raw) { promptUsage($0["message"]) }
        case .blockStart(_, .thinking): return edited(raw, Self.signature)
        case .blockDelta(_, .text(let text)), .blockDelta(_, .thinking(let text)), .blockDelta(_, .inputJSON(let text)):
            answered += text.count
        case .messageDelta(let delta):
            if delta.stopReason != nil { state = .stopped }
            return edited(raw, answerUsage)
        case .messageStop, .error: state = .over
        default: break
        }
        return raw
    }

    /// What is missing when the service has said its last: the last event, or the error that it did not tell.
    mutating func end() -> MessageEvent? {
        defer { state = .over }
        switch state {
        case .waiting, .over: return nil
        case .stopped: return .messageStop
        case .open:
            return .error(MessageError(502, nil, "claudecodex: the model service ended its answer in the middle"))
        }
    }

    /// A whole answer.
    func mend(whole message: JSON) -> [UInt8] {
        guard Usage(message["usage"]).prompt == 0 else { return message.document.bytes }
        return promptUsage(message) ?? message.document.bytes
    }

    private func edited(_ raw: SSEEvent, _ change: (JSON) -> [UInt8]?) -> SSEEvent {
        guard let json = try? JSON.parse(raw.data), let data = change(json) else { return raw }
        return SSEEvent(name: raw.name, data: data)
    }

    private func promptUsage(_ message: JSON?) -> [UInt8]? {
        guard let message, message.isObject else { return nil }
        let count = Array(String(prompt()).utf8)
        if let usage = message["usage"], usage.isObject { return usage.setting("input_tokens", to: count) }
        return message.setting(
            "usage", to: Array(#"{"input_tokens":"#.utf8) + count + Array(#","output_tokens":0}"#.utf8))
    }

    /// Clients read the output's tokens from here without asking whether there are any.
    private func answerUsage(_ event: JSON) -> [UInt8]? {
        guard event.isObject, !(event["usage"]?.isObject ?? false) else { return nil }
        return event.setting("usage", to: Array(#"{"output_tokens":\#(max(1, answered / 4))}"#.utf8))
    }

    private static func signature(_ event: JSON) -> [UInt8]? {
        guard let block = event["content_block"], block.isObject, block["signature"] == nil else { return nil }
        return block.setting("signature", to: Array(#""""#.utf8))
    }
}
