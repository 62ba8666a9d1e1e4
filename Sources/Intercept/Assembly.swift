/// Folds events into the message that they describe: for answers to clients that did not ask for a stream, for the trace,
/// and for whole tool calls.
public struct Assembly: Sendable {
    private struct Block: Sendable {
        var start: ContentBlock
        var text: [UInt8] = []
        var signature: [UInt8] = []
        /// Deltas of types we do not know, comma-separated.
        var others: [UInt8] = []
        var isOpen = true
    }

    private var blocks: [Block] = []
    /// The index in the stream of each of `blocks`.
    private var indexes: [Int] = []
    public private(set) var start: MessageStart?
    public private(set) var end: MessageDelta?
    public private(set) var usage = Usage()
    /// The stream's own error, if it ended with one.
    public private(set) var error: MessageError?
    public private(set) var isComplete = false

    public init() {}

    public var hasContent: Bool { !blocks.isEmpty }

    /// Takes the next event. Gives the tool call that it completes, if it does.
    @discardableResult
    public mutating func add(_ event: MessageEvent) -> ToolCall? {
        switch event {
        case .messageStart(let start):
            self.start = start
            usage = start.usage
        case .blockStart(let index, let block):
            indexes.append(index)
            blocks.append(Block(start: block))
        case .blockDelta(let index, let delta): add(delta, at: index)
        case .blockStop(let index): return close(index)
        case .messageDelta(let delta):
            end = delta
            usage.update(delta.usage)
        case .messageStop: isComplete = true
        case .error(let error): self.error = error
        case .ping, .other: break
        }
        return nil
    }

    private mutating func add(_ delta: BlockDelta, at index: Int) {
        guard let position = indexes.lastIndex(of: index) else { return }
        switch delta {
        case .text(let text), .thinking(let text), .inputJSON(let text):
            blocks[position].text.append(contentsOf: text.escaped)
        case .signature(let text): blocks[position].signature.append(contentsOf: text.escaped)
        case .other(let json):
            if !blocks[position].others.isEmpty { blocks[position].others.append(UInt8(ascii: ",")) }
            blocks[position].others.append(contentsOf: json)
        }
    }

    private mutating func close(_ index: Int) -> ToolCall? {
        guard let position = indexes.lastIndex(of: index) else { return nil }
        blocks[position].isOpen = false
        guard let call = blocks[position].start.call else { return nil }
        return ToolCall(id: call.id, name: call.name, input: Self.input(blocks[position].text), index: index)
    }

    /// The arguments' JSON text; none at all means an empty object.
    private static func input(_ escaped: [UInt8]) -> [UInt8] {
        let input = JSONText(escaped: escaped).utf8Bytes
        return input.allSatisfy { $0 <= 0x20 } ? Array("{}".utf8) : input
    }

    /// The whole message as a Messages API answer.
    public func message() -> [UInt8] {
        var out = JSONWriter(capacity: 512 + blocks.reduce(0) { $0 + $1.text.count + 64 })
        out.beginObject()
        out.field("id", start?.id ?? "")
        out.field("type", "message")
        out.field("role", "assistant")
        out.field("model", start?.model ?? "")
        writeContent(into: &out)
        (end ?? MessageDelta(stopReason: nil, usage: usage)).writeStop(into: &out)
        out.key("usage")
        usage.write(into: &out)
        out.endObject()
        return out.bytes
    }

    /// `{"role":"assistant","content":[…]}`: what the trace keeps.
    public func roleAndContent() -> [UInt8] {
        var out = JSONWriter(capacity: 64 + blocks.reduce(0) { $0 + $1.text.count + 64 })
        out.beginObject()
        out.field("role", "assistant")
        writeContent(into: &out)
        out.endObject()
        return out.bytes
    }

    private func writeContent(into out: inout JSONWriter) {
        out.key("content")
        out.beginArray()
        for block in blocks { write(block, into: &out) }
        out.endArray()
    }

    private func write(_ block: Block, into out: inout JSONWriter) {
        let text = JSONText(escaped: block.text)
        switch block.start {
        case .text:
            out.beginObject()
            out.field("type", "text")
            out.field("text", text)
            write(citations(of: block), into: &out)
            out.endObject()
        case .thinking:
            out.beginObject()
            out.field("type", "thinking")
            out.field("thinking", text)
            out.field("signature", JSONText(escaped: block.signature))
            out.endObject()
        case .redactedThinking: block.start.writeStart(into: &out)
        case .toolUse(let id, let name):
            out.beginObject()
            out.field("type", "tool_use")
            out.field("id", id)
            out.field("name", name)
            out.key("input")
            writeInput(block.text, into: &out)
            out.endObject()
        case .other(let json): writeOther(json, block, into: &out)
        }
    }

    /// Arguments that are no JSON object are shown as the client itself would keep them.
    private func writeInput(_ escaped: [UInt8], into out: inout JSONWriter) {
        let input = Self.input(escaped)
        if let parsed = try? JSON.parse(input), parsed.isObject { return out.value(parsed) }
        out.beginObject()
        out.key("__unparsedToolInput")
        out.beginObject()
        out.key("raw")
        out.string(utf8: input)
        out.field("len", input.count)
        out.endObject()
        out.endObject()
    }

    /// Citations of a text block come as deltas of their own: `{"type":"citations_delta","citation":{…}}`.
    private func citations(of block: Block) -> [JSON] { others(of: block).compactMap { $0["citation"] } }

    private func others(of block: Block) -> [JSON] {
        guard !block.others.isEmpty, let deltas = try? JSON.parse([0x5B] + block.others + [0x5D]) else { return [] }
        return Array(deltas.elements)
    }

    /// What other deltas say beside their type, such as `{"type":"compaction_delta","content":"…"}`: it takes the place of
    /// the block's members of these names.
    private func members(of block: Block) -> [(key: JSON, value: JSON)] {
        others(of: block).filter { $0["citation"] == nil }.reduce(into: []) { members, delta in
            for member in delta.members where !member.key.equals("type") {
                members.removeAll { $0.key.string == member.key.string }
                members.append(member)
            }
        }
    }

    private func write(_ citations: [JSON], into out: inout JSONWriter) {
        guard !citations.isEmpty else { return }
        out.key("citations")
        out.beginArray()
        for citation in citations { out.value(citation) }
        out.endArray()
    }

    /// A block of a type we do not know: as it began, with what came after it.
    private func writeOther(_ json: [UInt8], _ block: Block, into out: inout JSONWriter) {
        let (citations, later) = (citations(of: block), members(of: block))
        guard !block.text.isEmpty || !citations.isEmpty || !later.isEmpty, let parsed = try? JSON.parse(json),
            parsed.isObject
        else { return out.raw(json) }
        let name: StaticString = parsed["text"] != nil ? "text" : "input"
        let kept = parsed.members.filter { member in !later.contains { $0.key.string == member.key.string } }
        out.beginObject()
        for (key, value) in kept + later {
            if !block.text.isEmpty, key.equals("\(name)") { continue }
            if !citations.isEmpty, key.equals("citations") { continue }
            out.value(key)
            out.verbatim(":")
            out.value(value)
        }
        if !block.text.isEmpty {
            out.key(name)
            if parsed["text"] != nil {
                out.string(JSONText(escaped: block.text))
            } else {
                writeInput(block.text, into: &out)
            }
        }
        write(citations, into: &out)
        out.endObject()
    }
}
