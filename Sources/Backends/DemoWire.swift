/// The scripted model's answers as a Chat Completions service would send them: a stream in small pieces, or one object.
internal import Intercept

struct DemoWire: Sendable {
    private let turn: DemoTurn
    private let isStream: Bool
    /// The same request gets the same ids.
    private let id: String
    private let usage: Usage

    init(_ asked: JSON, _ turn: DemoTurn) {
        self.turn = turn
        isStream = asked["stream"]?.bool ?? false
        id = Identifier.hex(SHA256.hash(Array(asked.raw)).prefix(12))
        usage = Self.usage(asked, turn)
    }

    /// How long the service takes to its first byte.
    private static let headAfterMS = 15

    var answer: ScriptedAnswer {
        if let refusal = turn.refusal { return whole(refusal.status, Self.body(of: refusal)) }
        guard isStream else { return whole(200, message()) }
        let pieces = events().map { ScriptedAnswer.Piece(afterMS: turn.paceMS, $0) }
        return ScriptedAnswer(head: head(200, "text/event-stream"), headAfterMS: Self.headAfterMS, pieces: pieces)
    }

    private func whole(_ status: Int, _ body: [UInt8]) -> ScriptedAnswer {
        ScriptedAnswer(
            head: head(status, "application/json"), headAfterMS: Self.headAfterMS,
            pieces: [.init(afterMS: 0, body)])
    }

    private func head(_ status: Int, _ type: String) -> UpstreamHead {
        UpstreamHead(status: status, headers: HTTPFields([.init("Content-Type", type), .init("x-request-id", id)]))
    }

    private static func body(of refusal: DemoTurn.Refusal) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.key("error")
        out.beginObject()
        out.field("message", refusal.message)
        out.field("type", refusal.type)
        out.endObject()
        out.endObject()
        return out.bytes
    }

    // MARK: A stream

    private func events() -> [[UInt8]] {
        var events = [chunk { $0.field("role", "assistant") }]
        events += Self.words(turn.reasoning).map { piece in chunk { $0.field("reasoning_content", piece) } }
        events += Self.words(turn.text).map { piece in chunk { $0.field("content", piece) } }
        for (index, call) in turn.calls.enumerated() {
            events.append(chunk { begin(call, index, &$0) })
            events += Self.pieces(call.arguments).map { piece in chunk { more(piece, index, &$0) } }
        }
        let last = chunk(finish: turn.calls.isEmpty ? "stop" : "tool_calls") { _ in }
        return events + [last, counts(), Array("data: [DONE]\n\n".utf8)]
    }

    private func chunk(finish: String? = nil, _ delta: (inout JSONWriter) -> Void) -> [UInt8] {
        event { out in
            out.beginObject()
            out.field("index", 0)
            out.key("delta")
            out.beginObject()
            delta(&out)
            out.endObject()
            if let finish { out.field("finish_reason", finish) }
            out.endObject()
        }
    }

    private func counts() -> [UInt8] { event(hasUsage: true) { _ in } }

    private func event(hasUsage: Bool = false, _ choice: (inout JSONWriter) -> Void) -> [UInt8] {
        var out = JSONWriter()
        out.verbatim("data: ")
        out.beginObject()
        opening("chat.completion.chunk", &out)
        out.key("choices")
        out.beginArray()
        choice(&out)
        out.endArray()
        if hasUsage { write(usage, &out) }
        out.endObject()
        out.verbatim("\n\n")
        return out.bytes
    }

    private func begin(_ call: DemoTurn.Call, _ index: Int, _ out: inout JSONWriter) {
        out.key("tool_calls")
        out.beginArray()
        write(call, index, arguments: "", &out)
        out.endArray()
    }

    private func more(_ piece: String, _ index: Int, _ out: inout JSONWriter) {
        out.key("tool_calls")
        out.beginArray()
        out.beginObject()
        out.field("index", index)
        out.key("function")
        out.beginObject()
        out.field("arguments", piece)
        out.endObject()
        out.endObject()
        out.endArray()
    }

    // MARK: One object

    private func message() -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        opening("chat.completion", &out)
        out.key("choices")
        out.beginArray()
        out.beginObject()
        out.field("index", 0)
        out.key("message")
        out.beginObject()
        out.field("role", "assistant")
        if !turn.reasoning.isEmpty { out.field("reasoning_content", turn.reasoning) }
        out.field("content", turn.text)
        if !turn.calls.isEmpty {
            out.key("tool_calls")
            out.beginArray()
            for (index, call) in turn.calls.enumerated() { write(call, index, arguments: call.arguments, &out) }
            out.endArray()
        }
        out.endObject()
        out.field("finish_reason", turn.calls.isEmpty ? "stop" : "tool_calls")
        out.endObject()
        out.endArray()
        write(usage, &out)
        out.endObject()
        return out.bytes
    }

    private func opening(_ object: String, _ out: inout JSONWriter) {
        out.field("id", "chatcmpl-" + id)
        out.field("object", object)
        out.field("created", 0)
        out.field("model", DemoScript.model)
    }

    private func write(_ call: DemoTurn.Call, _ index: Int, arguments: String, _ out: inout JSONWriter) {
        out.beginObject()
        out.field("index", index)
        out.field("id", "call_\(id)_\(index)")
        out.field("type", "function")
        out.key("function")
        out.beginObject()
        out.field("name", call.tool)
        out.field("arguments", arguments)
        out.endObject()
        out.endObject()
    }
}

/// Counts and pieces.
extension DemoWire {
    /// Four bytes are a token. What stood in the conversation before its last answer is read from the cache, in steps of
    /// 64 tokens.
    private static func usage(_ asked: JSON, _ turn: DemoTurn) -> Usage {
        let answers = (asked["messages"]?.elements.map { $0 } ?? []).filter { $0["role"]?.equals("assistant") ?? false }
        let prompt = (asked.range.count + 3) / 4
        let cached = answers.last.map { $0.range.lowerBound / 256 * 64 } ?? 0
        let written = ([turn.reasoning, turn.text] + turn.calls.map { $0.tool + $0.arguments }).reduce(0) {
            $0 + ($1.utf8.count + 3) / 4
        }
        return Usage(
            input: prompt - cached, output: written, cacheRead: cached, thinking: (turn.reasoning.utf8.count + 3) / 4)
    }

    private func write(_ usage: Usage, _ out: inout JSONWriter) {
        out.key("usage")
        out.beginObject()
        out.field("prompt_tokens", usage.prompt)
        out.field("completion_tokens", usage.output)
        out.field("total_tokens", usage.prompt + usage.output)
        out.key("prompt_tokens_details")
        out.beginObject()
        out.field("cached_tokens", usage.cacheRead)
        out.endObject()
        out.key("completion_tokens_details")
        out.beginObject()
        out.field("reasoning_tokens", usage.thinking ?? 0)
        out.endObject()
        out.endObject()
    }

    /// A text in pieces of three words, as a service streams it.
    static func words(_ text: String) -> [String] {
        var pieces: [String] = []
        var spaces = 3
        for character in text {
            if spaces == 3 {
                pieces.append("")
                spaces = 0
            }
            pieces[pieces.count - 1].append(character)
            if character == " " || character == "\n" { spaces += 1 }
        }
        return pieces
    }

    /// JSON in pieces that end anywhere.
    static func pieces(_ text: String) -> [String] {
        stride(from: 0, to: text.count, by: 16).map { String(text.dropFirst($0).prefix(16)) }
    }
}
