/// One event of a Messages API stream. Backends emit them, interceptors may change them, the pipeline writes them.
public enum MessageEvent: Sendable, Equatable {
    indirect case messageStart(MessageStart)
    indirect case blockStart(index: Int, block: ContentBlock)
    case blockDelta(index: Int, delta: BlockDelta)
    case blockStop(index: Int)
    indirect case messageDelta(MessageDelta)
    case messageStop
    case ping
    indirect case error(MessageError)
    /// An event we do not know or do not need to understand, passed on untouched.
    indirect case other(name: String, data: [UInt8])
}

extension MessageEvent {
    /// The events of a whole text block.
    public static func text(_ text: String, at index: Int) -> [MessageEvent] {
        [
            .blockStart(index: index, block: .text), .blockDelta(index: index, delta: .text(JSONText(text))),
            .blockStop(index: index),
        ]
    }
}

/// The beginning of a message.
public struct MessageStart: Sendable, Equatable {
    public var id: String
    /// The model the client asked for.
    public var model: String
    /// What is known before the answer: usually an estimate of the input.
    public var usage: Usage

    public init(id: String, model: String, usage: Usage) {
        self.id = id
        self.model = model
        self.usage = usage
    }
}

/// What a content block starts with.
public enum ContentBlock: Sendable, Equatable {
    case text
    case thinking
    case redactedThinking(data: JSONText)
    case toolUse(id: String, name: String)
    /// A block of another type: the JSON object of `content_block`, untouched.
    case other(json: [UInt8])
}

/// What is added to the open block.
public enum BlockDelta: Sendable, Equatable {
    case text(JSONText)
    case thinking(JSONText)
    case signature(JSONText)
    /// A piece of a tool call's arguments.
    case inputJSON(JSONText)
    /// A delta of another type: the JSON object of `delta`, untouched.
    case other(json: [UInt8])
}

/// The end of a message: why it stopped and what it cost.
public struct MessageDelta: Sendable, Equatable {
    public var stopReason: StopReason?
    public var stopSequence: String?
    /// A refusal's explanation, if there is one.
    public var refusal: String?
    public var usage: Usage

    public init(stopReason: StopReason?, stopSequence: String? = nil, refusal: String? = nil, usage: Usage) {
        self.stopReason = stopReason
        self.stopSequence = stopSequence
        self.refusal = refusal
        self.usage = usage
    }
}

/// Why a message ended. Values that this version does not know are kept as they are.
public struct StopReason: RawRepresentable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let endTurn = StopReason(rawValue: "end_turn")
    public static let maxTokens = StopReason(rawValue: "max_tokens")
    public static let stopSequence = StopReason(rawValue: "stop_sequence")
    public static let toolUse = StopReason(rawValue: "tool_use")
    public static let pauseTurn = StopReason(rawValue: "pause_turn")
    public static let refusal = StopReason(rawValue: "refusal")
    public static let contextWindowExceeded = StopReason(rawValue: "model_context_window_exceeded")
}

/// Token counts in the Messages API's sense: `input` are the tokens that were neither read from nor written to a cache.
public struct Usage: Sendable, Equatable {
    public var input: Int
    public var output: Int
    public var cacheRead: Int
    public var cacheCreation: Int
    /// Part of `cacheCreation` that is kept for an hour, where the upstream says so.
    public var cacheCreationHour: Int?
    /// Part of `output` that was spent on thinking, where the upstream says so.
    public var thinking: Int?
    /// Web searches made on the service's side, where it says so.
    public var webSearches: Int?
    /// What the service says that changes the price: `service_tier`, `speed` and `inference_geo`, each nil where it is the
    /// usual one (`standard`, `standard`, `global`).
    public var serviceTier: String?
    public var speed: String?
    public var inferenceGeo: String?
    /// The counts are our own estimate, the upstream gave none.
    public var isEstimate: Bool

    /// Counts come from others: they are held within 0 and 10^12, so that no sum of them overflows.
    public init(
        input: Int = 0, output: Int = 0, cacheRead: Int = 0, cacheCreation: Int = 0, cacheCreationHour: Int? = nil,
        thinking: Int? = nil, webSearches: Int? = nil, isEstimate: Bool = false
    ) {
        let bounded = { (count: Int) in min(max(count, 0), JSON.mostAmount) }
        self.input = bounded(input)
        self.output = bounded(output)
        self.cacheRead = bounded(cacheRead)
        self.cacheCreation = bounded(cacheCreation)
        self.cacheCreationHour = cacheCreationHour.map(bounded)
        self.thinking = thinking.map(bounded)
        self.webSearches = webSearches.map(bounded)
        self.isEstimate = isEstimate
    }

    /// Counts of a service without a cache; nil where it did not give both.
    public init?(prompt: Int?, output: Int?) {
        guard let prompt, let output else { return nil }
        self.init(input: prompt, output: output)
    }

    /// All tokens of the prompt.
    public var prompt: Int { input + cacheRead + cacheCreation }
}
