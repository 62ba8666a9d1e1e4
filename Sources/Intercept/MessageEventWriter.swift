/// Events as bytes: the `data` object of each, and the whole server-sent event around it.
extension MessageEvent {
    /// The name behind `event:`.
    public var name: String {
        switch self {
        case .messageStart: "message_start"
        case .blockStart: "content_block_start"
        case .blockDelta: "content_block_delta"
        case .blockStop: "content_block_stop"
        case .messageDelta: "message_delta"
        case .messageStop: "message_stop"
        case .ping: "ping"
        case .error: "error"
        case .other(let name, _): name
        }
    }

    /// Appends `event: NAME\ndata: JSON\n\n`; gives where the JSON stands.
    @discardableResult
    public func write(into out: inout JSONWriter) -> Range<Int> {
        if case .blockDelta(let index, let delta) = self, let (words, text) = delta.words {
            return Self.writeDelta(index, words, text, into: &out)
        }
        out.verbatim("event: ")
        writeName(into: &out)
        out.verbatim("\ndata: ")
        let start = out.bytes.count
        if holdsForeignBytes {
            var data = JSONWriter()
            writeData(into: &data)
            out.eventData(data.bytes)
        } else {
            writeData(into: &out)
        }
        let end = out.bytes.count
        out.verbatim("\n\n")
        return start..<end
    }

    /// Nearly all events of a stream are of this kind.
    private static func writeDelta(
        _ index: Int, _ words: StaticString, _ text: JSONText, into out: inout JSONWriter
    ) -> Range<Int> {
        out.verbatim("event: content_block_delta\ndata: ")
        let start = out.bytes.count
        out.verbatim(#"{"type":"content_block_delta","index":"#)
        out.verbatim(int: index)
        out.verbatim(words)
        out.verbatim(bytes: text.escaped)
        out.verbatim("\"}}\n\n")
        return start..<out.bytes.count - 2
    }

    /// Bytes of another's making may hold line feeds.
    private var holdsForeignBytes: Bool {
        switch self {
        case .other, .blockStart(_, .other), .blockDelta(_, .other): true
        default: false
        }
    }

    private func writeName(into out: inout JSONWriter) {
        if case .blockDelta = self { out.verbatim("content_block_delta") } else { out.verbatim(text: name) }
    }

    /// Appends the JSON object behind `data:`.
    public func writeData(into out: inout JSONWriter) {
        switch self {
        case .messageStart(let start): start.write(into: &out)
        case .blockStart(let index, let block):
            out.verbatim(#"{"type":"content_block_start","index":"#)
            out.verbatim(int: index)
            out.key("content_block")
            block.writeStart(into: &out)
            out.endObject()
        case .blockDelta(let index, let delta):
            out.verbatim(#"{"type":"content_block_delta","index":"#)
            out.verbatim(int: index)
            if let (words, text) = delta.words {
                out.verbatim(words)
                out.verbatim(bytes: text.escaped)
                out.verbatim(#""}}"#)
            } else if case .other(let json) = delta {
                out.verbatim(#","delta":"#)
                out.verbatim(bytes: json)
                out.endObject()
            }
        case .blockStop(let index):
            out.verbatim(#"{"type":"content_block_stop","index":"#)
            out.verbatim(int: index)
            out.endObject()
        case .messageDelta(let delta): delta.write(into: &out)
        case .messageStop: out.verbatim(#"{"type":"message_stop"}"#)
        case .ping: out.verbatim(#"{"type":"ping"}"#)
        case .error(let error): error.write(into: &out, requestID: nil)
        case .other(_, let data): out.verbatim(bytes: data)
        }
    }
}

extension MessageStart {
    func write(into out: inout JSONWriter) {
        out.verbatim(#"{"type":"message_start","message":"#)
        out.beginObject()
        out.field("id", id)
        out.field("type", "message")
        out.field("role", "assistant")
        out.field("model", model)
        out.verbatim(#","content":[],"stop_reason":null,"stop_sequence":null,"usage":"#)
        usage.write(into: &out)
        out.endObject()
        out.endObject()
    }
}

extension ContentBlock {
    /// The block as `content_block_start` shows it: without what its deltas bring.
    func writeStart(into out: inout JSONWriter) {
        switch self {
        case .text: out.verbatim(#"{"type":"text","text":""}"#)
        case .thinking: out.verbatim(#"{"type":"thinking","thinking":"","signature":""}"#)
        case .redactedThinking(let data):
            out.beginObject()
            out.field("type", "redacted_thinking")
            out.field("data", data)
            out.endObject()
        case .toolUse(let id, let name):
            out.beginObject()
            out.field("type", "tool_use")
            out.field("id", id)
            out.field("name", name)
            out.verbatim(#","input":{}}"#)
        case .other(let json): out.raw(json)
        }
    }
}

extension BlockDelta {
    /// What stands between the event's index and the text, and the text; nil for a delta of another's making.
    fileprivate var words: (StaticString, JSONText)? {
        switch self {
        case .text(let text): (#","delta":{"type":"text_delta","text":""#, text)
        case .thinking(let text): (#","delta":{"type":"thinking_delta","thinking":""#, text)
        case .signature(let text): (#","delta":{"type":"signature_delta","signature":""#, text)
        case .inputJSON(let text): (#","delta":{"type":"input_json_delta","partial_json":""#, text)
        case .other: nil
        }
    }
}

extension MessageDelta {
    func write(into out: inout JSONWriter) {
        out.verbatim(#"{"type":"message_delta","delta":"#)
        out.beginObject()
        writeStop(into: &out)
        out.endObject()
        out.key("usage")
        usage.write(into: &out)
        out.endObject()
    }

    /// `stop_reason`, `stop_sequence` and, for a refusal, `stop_details`.
    func writeStop(into out: inout JSONWriter) {
        out.key("stop_reason")
        if let stopReason { out.string(stopReason.rawValue) } else { out.null() }
        out.key("stop_sequence")
        if let stopSequence { out.string(stopSequence) } else { out.null() }
        guard stopReason == .refusal else { return }
        out.verbatim(#","stop_details":{"type":"refusal","category":null,"explanation":"#)
        if let refusal { out.string(refusal) } else { out.null() }
        out.endObject()
    }
}

extension Usage {
    public func write(into out: inout JSONWriter) {
        out.beginObject()
        out.field("input_tokens", input)
        out.field("cache_creation_input_tokens", cacheCreation)
        out.field("cache_read_input_tokens", cacheRead)
        out.field("output_tokens", output)
        if let hour = cacheCreationHour {
            out.verbatim(#","cache_creation":"#)
            out.beginObject()
            out.field("ephemeral_5m_input_tokens", max(0, cacheCreation - hour))
            out.field("ephemeral_1h_input_tokens", hour)
            out.endObject()
        }
        if let thinking {
            out.verbatim(#","output_tokens_details":{"thinking_tokens":"#)
            out.int(thinking)
            out.endObject()
        }
        if let webSearches {
            out.verbatim(#","server_tool_use":{"web_search_requests":"#)
            out.int(webSearches)
            out.verbatim(#","web_fetch_requests":0}"#)
        }
        out.field("service_tier", ifPresent: serviceTier)
        out.field("speed", ifPresent: speed)
        out.field("inference_geo", ifPresent: inferenceGeo)
        out.endObject()
    }
}

extension JSONWriter {
    /// What stands behind `data:`; each line feed in it begins another `data:` line.
    mutating func eventData(_ data: [UInt8]) {
        guard data.contains(0x0A) else { return verbatim(bytes: data) }
        for (index, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if index > 0 { verbatim("\ndata: ") }
            verbatim(bytes: line)
        }
    }
}
