/// Composes the events of one answer: begins the message, opens, numbers and closes its blocks, and ends it. What comes
/// out keeps the grammar of a stream in whatever order text, thinking and tool calls come in.
public struct MessageComposer: Sendable {
    private enum Open { case none, text, thinking }

    /// Begins the signature of thinking that is not Anthropic's, so that it is never sent there.
    public static let foreignMark = "ccx1."

    private let request: MessageRequest
    private let model: String
    private var open = Open.none
    /// The block that is open, or the next one.
    private var index = 0
    /// Blanks that begin a text; they wait for something visible, because no service takes a blank text back.
    private var blanks: JSONText?
    /// Bytes of the answer, for an estimate.
    private var size = 0
    /// What was lost on the way; counts that had to be estimated are noted here.
    public var losses = Losses()
    public private(set) var hasBegun = false
    public private(set) var hasEnded = false
    /// Whether a tool call was made.
    public private(set) var hasCalls = false

    /// - Parameter model: the upstream's name of the model, for estimates of tokens.
    public init(_ request: MessageRequest, model: String) {
        self.request = request
        self.model = model
    }

    /// Begins the message, with an estimate of its input. Everything else does this where it was not done.
    public mutating func begin(_ emit: (MessageEvent) -> Void) {
        guard !hasBegun else { return }
        hasBegun = true
        let id = "msg_" + Identifier.hex(Identifier.random(12))
        emit(.messageStart(MessageStart(id: id, model: request.requestedModel, usage: estimate)))
        emit(.ping)
    }

    /// Adds text, behind what was added before it or in a block of its own.
    public mutating func text(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        if text.isEmpty || isLate() { return }
        var text = text
        if open != .text {
            if var start = blanks {
                start.append(text)
                text = start
            }
            blanks = text
            guard text.utf8Bytes.contains(where: { $0 > 0x20 }) else { return }
            start(.text, .text, emit)
        }
        delta(.text(text), text.count, emit)
    }

    /// Adds thinking. Its block is signed as that of another service when it ends.
    public mutating func thinking(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        if text.isEmpty || isLate() { return }
        if open != .thinking { start(.thinking, .thinking, emit) }
        delta(.thinking(text), text.count, emit)
    }

    /// Adds a whole tool call.
    ///
    /// - Parameters:
    ///   - id: the upstream's id of the call; one is made where it has none.
    ///   - input: the arguments, one JSON object.
    public mutating func toolCall(
        id: String?, name: String, input: some Collection<UInt8>, _ emit: (MessageEvent) -> Void
    ) {
        if isLate() { return }
        let id = id ?? "toolu_" + Identifier.hex(Identifier.random(12))
        start(.none, .toolUse(id: id, name: name), emit)
        delta(.inputJSON(JSONText(utf8: Array(input))), input.count, emit)
        emit(.blockStop(index: index))
        index += 1
        hasCalls = true
    }

    /// Ends the message. After calls `end_turn` is `tool_use`.
    ///
    /// - Parameter usage: the upstream's counts, or nil for an estimate.
    public mutating func end(_ reason: StopReason, _ usage: Usage?, _ emit: (MessageEvent) -> Void) {
        guard !hasEnded else { return }
        begin(emit)
        close(emit)
        hasEnded = true
        let stop = reason == .endTurn && hasCalls ? .toolUse : reason
        emit(.messageDelta(MessageDelta(stopReason: stop, usage: usage ?? estimatedUsage())))
        emit(.messageStop)
    }

    private var estimate: Usage {
        Usage(input: TokenCounter.quick(request.body, model: model), isEstimate: true)
    }

    /// Nothing can be added to a message that has ended.
    private mutating func isLate() -> Bool {
        if hasEnded { losses.add(.drop, "stream", "the service went on after the end of its answer") }
        return hasEnded
    }

    private mutating func estimatedUsage() -> Usage {
        losses.add(.emulate, "usage", "the service reported none; the counts are estimates")
        var usage = estimate
        usage.output = (size + 3) / 4
        return usage
    }

    /// Closes what is open and starts another block; `next` is none for a block that its caller closes.
    private mutating func start(_ next: Open, _ block: ContentBlock, _ emit: (MessageEvent) -> Void) {
        begin(emit)
        close(emit)
        open = next
        emit(.blockStart(index: index, block: block))
    }

    private mutating func delta(_ delta: BlockDelta, _ count: Int, _ emit: (MessageEvent) -> Void) {
        size += count
        emit(.blockDelta(index: index, delta: delta))
    }

    private mutating func close(_ emit: (MessageEvent) -> Void) {
        blanks = nil
        if open == .none { return }
        if open == .thinking { emit(.blockDelta(index: index, delta: .signature(JSONText(Self.foreignMark)))) }
        emit(.blockStop(index: index))
        index += 1
        open = .none
    }
}
