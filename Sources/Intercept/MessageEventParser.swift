/// Messages API events read from server-sent events and from whole messages.
extension MessageEvent {
    /// The event that `name` and `data` describe. What is not understood completely becomes ``MessageEvent/other(name:data:)``.
    public init(_ event: SSEEvent) {
        guard let json = try? JSON.parse(event.data), let known = Self.read(json) else {
            self = .other(name: event.name, data: event.data)
            return
        }
        self = known
    }

    fileprivate static func read(_ json: JSON) -> MessageEvent? {
        guard let type = json["type"]?.string else { return nil }
        let index = json["index"]?.int ?? 0
        switch type {
        case "message_start": return json["message"].flatMap(MessageStart.init).map(MessageEvent.messageStart)
        case "content_block_start":
            return json["content_block"].map { .blockStart(index: index, block: ContentBlock($0)) }
        case "content_block_delta": return json["delta"].map { .blockDelta(index: index, delta: BlockDelta($0)) }
        case "content_block_stop": return .blockStop(index: index)
        case "message_delta": return .messageDelta(MessageDelta(json["delta"], usage: json["usage"]))
        case "message_stop": return .messageStop
        case "ping": return .ping
        case "error": return json["error"].map { .error(MessageError($0)) }
        default: return nil
        }
    }

    /// The events by which a stream would have brought this message.
    public static func all(of message: JSON) -> [MessageEvent] {
        guard let start = MessageStart(message) else { return [] }
        var events: [MessageEvent] = [.messageStart(start)]
        for (index, block) in (message["content"] ?? message).elements.enumerated() {
            events.append(.blockStart(index: index, block: ContentBlock(block)))
            for delta in ContentBlock.deltas(of: block) { events.append(.blockDelta(index: index, delta: delta)) }
            events.append(.blockStop(index: index))
        }
        events.append(.messageDelta(MessageDelta(message, usage: message["usage"])))
        events.append(.messageStop)
        return events
    }
}

/// Reads the events of one stream. A delta that differs from the one before in its text only is not parsed.
struct MessageEventReader {
    private enum Kind { case text, thinking, inputJSON }

    private var last: (pattern: JSONPattern, kind: Kind, index: Int)?

    mutating func read(_ event: SSEEvent) -> MessageEvent {
        if let last {
            let all = event.data[...]
            if let found = last.pattern.find(0, in: all.span) {
                let text = JSONText(escaped: Array(event.data[found.range]), plain: !found.isEscaped)
                return Self.delta(last.kind, text, last.index)
            }
        }
        guard let json = try? JSON.parse(event.data), let known = MessageEvent.read(json) else {
            return .other(name: event.name, data: event.data)
        }
        if case .blockDelta(let index, let delta) = known { learn(json, delta, index) }
        return known
    }

    private mutating func learn(_ json: JSON, _ delta: BlockDelta, _ index: Int) {
        let member: (kind: Kind, name: String)? =
            switch delta {
            case .text: (.text, "text")
            case .thinking: (.thinking, "thinking")
            case .inputJSON: (.inputJSON, "partial_json")
            case .signature, .other: nil
            }
        guard let member, let text = json["delta"]?[member.name], text.isString else { return }
        let hole = text.range.lowerBound + 1..<text.range.upperBound - 1
        last = (JSONPattern(json.document.bytes, 0..<json.document.bytes.count, holes: [hole]), member.kind, index)
    }

    private static func delta(_ kind: Kind, _ text: JSONText, _ index: Int) -> MessageEvent {
        switch kind {
        case .text: .blockDelta(index: index, delta: .text(text))
        case .thinking: .blockDelta(index: index, delta: .thinking(text))
        case .inputJSON: .blockDelta(index: index, delta: .inputJSON(text))
        }
    }
}

extension MessageStart {
    init?(_ message: JSON) {
        guard message.isObject, let id = message["id"]?.string else { return nil }
        self.init(id: id, model: message["model"]?.string ?? "", usage: Usage(message["usage"]))
    }
}

extension Usage {
    /// Reads a `usage` object; absent counts are 0.
    public init(_ json: JSON?) {
        self.init(
            input: json?["input_tokens"]?.int ?? 0, output: json?["output_tokens"]?.int ?? 0,
            cacheRead: json?["cache_read_input_tokens"]?.int ?? 0,
            cacheCreation: json?["cache_creation_input_tokens"]?.int ?? 0,
            cacheCreationHour: json?["cache_creation"]?["ephemeral_1h_input_tokens"]?.int.flatMap { $0 > 0 ? $0 : nil },
            thinking: json?["output_tokens_details"]?["thinking_tokens"]?.int,
            webSearches: json?["server_tool_use"]?["web_search_requests"]?.int)
        serviceTier = Self.word(json?["service_tier"], but: "standard")
        speed = Self.word(json?["speed"], but: "standard")
        inferenceGeo = Self.word(json?["inference_geo"], but: "global", "not_available")
    }

    /// A short word that is none of the usual ones.
    private static func word(_ json: JSON?, but usual: String...) -> String? {
        guard let word = json?.string, !usual.contains(word), (1...32).contains(word.utf8.count),
            word.utf8.allSatisfy({ HTTPHeadParser.isToken($0) })
        else { return nil }
        return word
    }

    /// Later counts of the same message replace earlier ones; what the later event does not name stays.
    mutating func update(_ later: Usage) {
        output = max(output, later.output)
        if later.prompt > 0 { (input, cacheRead, cacheCreation) = (later.input, later.cacheRead, later.cacheCreation) }
        if let hour = later.cacheCreationHour { cacheCreationHour = hour }
        if let thinking = later.thinking { self.thinking = thinking }
        if let searches = later.webSearches { webSearches = searches }
        if let tier = later.serviceTier { serviceTier = tier }
        if let word = later.speed { speed = word }
        if let geo = later.inferenceGeo { inferenceGeo = geo }
        isEstimate = later.isEstimate
    }
}

extension ContentBlock {
    init(_ json: JSON) {
        switch json["type"]?.string {
        case "text" where json["citations"]?.isNull ?? true: self = .text
        case "thinking": self = .thinking
        case "redacted_thinking": self = .redactedThinking(data: json["data"]?.text ?? "")
        case "tool_use" where json["caller"] == nil:
            self = .toolUse(id: json["id"]?.string ?? "", name: json["name"]?.string ?? "")
        default: self = .other(json: Array(json.raw))
        }
    }

    /// What a whole block holds beyond its start.
    static func deltas(of block: JSON) -> [BlockDelta] {
        switch ContentBlock(block) {
        case .text: return block["text"]?.text.map { [.text($0)] } ?? []
        case .thinking:
            let thinking = block["thinking"]?.text.map { BlockDelta.thinking($0) }
            let signature = block["signature"]?.text.map { BlockDelta.signature($0) }
            return [thinking, signature].compactMap(\.self)
        case .toolUse: return block["input"].map { [.inputJSON(JSONText(utf8: Array($0.raw)))] } ?? []
        case .other where block["type"]?.equals("tool_use") ?? false:
            return block["input"].map { [.inputJSON(JSONText(utf8: Array($0.raw)))] } ?? []
        case .redactedThinking, .other: return []
        }
    }

    /// Id and name of a tool call that the client is to run, also of one with members that are not known here.
    var call: (id: String, name: String)? {
        switch self {
        case .toolUse(let id, let name): return (id, name)
        case .other(let json):
            guard let block = try? JSON.parse(json), block["type"]?.equals("tool_use") ?? false else { return nil }
            return (block["id"]?.string ?? "", block["name"]?.string ?? "")
        default: return nil
        }
    }
}

extension BlockDelta {
    init(_ json: JSON) {
        let known: BlockDelta? =
            switch json["type"]?.string {
            case "text_delta": json["text"]?.text.map(BlockDelta.text)
            case "thinking_delta": json["thinking"]?.text.map(BlockDelta.thinking)
            case "signature_delta": json["signature"]?.text.map(BlockDelta.signature)
            case "input_json_delta": json["partial_json"]?.text.map(BlockDelta.inputJSON)
            default: nil
            }
        self = known ?? .other(json: Array(json.raw))
    }
}

extension MessageDelta {
    init(_ json: JSON?, usage: JSON?) {
        self.init(
            stopReason: (json?["stop_reason"]?.string).map(StopReason.init(rawValue:)),
            stopSequence: json?["stop_sequence"]?.string,
            refusal: json?["stop_details"]?["explanation"]?.string, usage: Usage(usage))
    }
}

extension MessageError {
    /// Reads the `error` object of an error body or event.
    init(_ json: JSON) {
        let type = json["type"]?.string ?? "api_error"
        self.init(Self.status(for: type), type, json["message"]?.string ?? String(decoding: json.raw, as: UTF8.self))
    }

    private static func status(for type: String) -> Int {
        switch type {
        case "invalid_request_error": 400
        case "authentication_error": 401
        case "billing_error": 402
        case "permission_error": 403
        case "not_found_error": 404
        case "request_too_large": 413
        case "rate_limit_error": 429
        case "timeout_error": 504
        case "overloaded_error": 529
        default: 500
        }
    }
}
