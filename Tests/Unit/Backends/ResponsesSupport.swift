@testable import Backends
@testable import Intercept

/// What the tests of the Responses API share.
enum Responses {
    static func backend(_ variables: [String: String] = [:]) throws -> OpenAIResponses {
        let defaults = ["OPENAI_API_KEY": "key-of-the-test-1234567890", "OPENAI_MODEL": "gpt-5.4"]
        return try OpenAIResponses(Environment(defaults.merging(variables) { $1 }))
    }

    /// The translated body, parsed, and what was lost.
    static func translate(_ request: MessageRequest, _ variables: [String: String] = [:]) throws -> (
        body: JSON, losses: [Losses.Loss]
    ) {
        var losses = Losses()
        let sent = try backend(variables).translate(request, &losses)
        return (try JSON.parse(sent.body), losses.all)
    }

    /// One member of the translated body as it was written; empty when there is none.
    static func member(_ name: String, of members: String, _ variables: [String: String] = [:]) throws -> String {
        text(try translate(Chat.request(members), variables).body[name])
    }

    static func text(_ json: JSON?) -> String { String(decoding: json?.raw ?? [], as: UTF8.self) }

    // MARK: Replies

    /// Decodes an answer for a request that can make use of thinking.
    static func decode(
        _ text: String, _ members: String = #""stream":true,"tools":[{"name":"a"}]"#,
        type: String = "text/event-stream"
    ) throws -> (events: [MessageEvent], losses: [Losses.Loss]) {
        var reply = try backend().reply(to: Chat.request(members))
        var events: [MessageEvent] = []
        try reply.head(UpstreamHead(status: 200, headers: HTTPFields([.init("content-type", type)]))) {
            events.append($0)
        }
        let bytes = Array(text.utf8)[...]
        try reply.feed(bytes.span) { events.append($0) }
        try reply.finish { events.append($0) }
        return (events, reply.losses.all)
    }

    /// The events of a stream, each one JSON text, up to a completed response with these members.
    static func stream(_ events: [String], end: String? = completed()) -> String {
        ([#"{"type":"response.created","response":{"status":"in_progress"}}"#] + events + (end.map { [$0] } ?? []))
            .map { "data: \($0)\n\n" }.joined()
    }

    static func completed(_ output: String = "[]", _ more: String = "") -> String {
        #"{"type":"response.completed","response":{"status":"completed","output":\#(output),"usage":{"input_tokens":100,"output_tokens":20,"input_tokens_details":{"cached_tokens":60},"output_tokens_details":{"reasoning_tokens":5}}\#(more)}}"#
    }

    static func whole(_ output: String, status: String = "completed", _ more: String = "") -> String {
        #"{"object":"response","status":"\#(status)","output":[\#(output)]\#(more)}"#
    }

    // MARK: Events

    static func added(_ index: Int, _ item: String) -> String {
        #"{"type":"response.output_item.added","output_index":\#(index),"item":\#(item)}"#
    }

    static func done(_ index: Int, _ item: String) -> String {
        #"{"type":"response.output_item.done","output_index":\#(index),"item":\#(item)}"#
    }

    /// A delta of `kind`, for example `output_text`.
    static func delta(_ kind: String, _ index: Int, _ text: String, part: Int = 0, id: String = "i") -> String {
        #"{"type":"response.\#(kind).delta","item_id":"\#(id)","output_index":\#(index),"content_index":\#(part),"summary_index":\#(part),"delta":"\#(text)"}"#
    }

    static func message(_ text: String) -> String {
        #"{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"\#(text)","annotations":[]}]}"#
    }

    static func call(_ arguments: String, id: String = "call_1", name: String = "Read") -> String {
        #"{"type":"function_call","id":"fc_1","call_id":"\#(id)","name":"\#(name)","arguments":"\#(arguments)"}"#
    }

    static func reasoning(_ texts: String..., encrypted: String = #""gAAA""#) -> String {
        let summary = texts.map { #"{"type":"summary_text","text":"\#($0)"}"# }.joined(separator: ",")
        return #"{"type":"reasoning","id":"rs_1","summary":[\#(summary)],"encrypted_content":\#(encrypted)}"#
    }

    /// What the signatures of the thinking blocks hold.
    static func envelopes(_ events: [MessageEvent]) -> [JSON] {
        events.compactMap { event in
            if case .blockDelta(_, .signature(let seal)) = event { return ThinkingEnvelope.open(seal.string) }
            return nil
        }
    }

    // MARK: Conversations

    /// A thinking block with our envelope around a reasoning item.
    static func thinking(
        _ text: String, id: String = "rs_1", encrypted: String? = "gAAA", host: String = "api.openai.com",
        model: String = "gpt-5.4", isPlain: Bool = false
    ) -> String {
        let item = ReasoningItem(
            host: host, id: JSONText(id), encrypted: encrypted.map { JSONText($0) }, isPlain: isPlain)
        let seal = ThinkingEnvelope.seal(backend: "openai_responses", model: model, kind: .responses, item: item)
        return #"{"type":"thinking","thinking":"\#(text)","signature":"\#(seal)"}"#
    }
}
