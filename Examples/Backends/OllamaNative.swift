public import Intercept

/// Speaks Ollama's own API: `POST /api/chat`, answered by one JSON object a line. https://docs.ollama.com/api/chat
public struct OllamaNative {
    private let address: String
    private let model: String?
    /// Tokens of prompt and answer together.
    private let window: Int?

    /// `OLLAMA_HOST` as Ollama's own tools read it, `OLLAMA_MODEL`, `OLLAMA_CONTEXT_LENGTH`.
    public init(_ environment: Environment) throws(ConfigError) {
        let host = environment["OLLAMA_HOST"] ?? "127.0.0.1:11434"
        let full = host.contains("://") ? host : "http://" + host + (host.contains(":") ? "" : ":11434")
        address = full.hasSuffix("/") ? String(full.dropLast()) : full
        model = environment["OLLAMA_MODEL"]
        window = try environment.count("OLLAMA_CONTEXT_LENGTH")
    }
}

extension OllamaNative {
    private func write(_ turn: RequestTurn, into out: inout JSONWriter) {
        for result in turn.results {
            out.object { out in
                out.field("role", "tool")
                out.field("tool_name", ifPresent: result.name)
                out.field("content", result.isError ? "Error: " + result.text : result.text)
                out.array("images", of: result.images) { $0.value($1.data) }
            }
        }
        if turn.isEmpty { return }
        out.object { out in
            out.field("role", turn.role)
            out.field("content", turn.text)
            out.field("thinking", turn.thinking)
            out.array("images", of: turn.images) { $0.value($1.data) }
            out.array("tool_calls", of: turn.calls) { out, call in
                writeFunction(into: &out) { out in
                    out.field("name", call.name)
                    out.field("arguments", ifPresent: call.input)
                }
            }
        }
    }

    /// A tool, or a call of one.
    private func writeFunction(into out: inout JSONWriter, _ members: (inout JSONWriter) -> Void) {
        out.object { out in
            out.field("type", "function")
            out.object("function", members)
        }
    }
}

extension OllamaNative {
    private func writeOptions(_ body: JSON, into out: inout JSONWriter) {
        out.field("num_ctx", ifPresent: window)
        out.field("num_predict", ifPresent: body["max_tokens"])
        out.field("temperature", ifPresent: body["temperature"])
        out.field("top_k", ifPresent: body["top_k"])
        out.field("top_p", ifPresent: body["top_p"])
        out.field("stop", ifPresent: body["stop_sequences"])
    }

    private func write(_ tool: JSON, into out: inout JSONWriter) {
        writeFunction(into: &out) { out in
            out.field("name", ifPresent: tool["name"])
            out.field("description", ifPresent: tool["description"])
            out.field("parameters", ifPresent: tool["input_schema"])
        }
    }
}

extension MessageError {
    /// What Ollama says is wrong, and what to do.
    fileprivate static func ollama(_ status: Int, _ body: [UInt8]) -> MessageError {
        let text = (try? JSON.parse(body))?["error"]?.string ?? String(decoding: body.prefix(500), as: UTF8.self)
        if text.contains("context length") || text.contains("context size") {
            return .invalidRequest("prompt is too long: \(text)")  // the words by which the client makes it shorter
        }
        let advice = status == 404 ? " (`ollama list` shows what there is; set OLLAMA_MODEL)" : ""
        return MessageError(status, nil, "Ollama: \(text)\(advice)")
    }
}

/// Turns the lines of one answer into events.
public struct OllamaReply: ReplyDecoder {
    private var lines = LineParser()
    private var message: MessageComposer
    public var losses: Losses { message.losses }

    init(_ request: MessageRequest, model: String) { message = MessageComposer(request, model: model) }

    public mutating func feed(_ bytes: Span<UInt8>, emit: (MessageEvent) -> Void) throws(TranslationError) {
        for line in try lines.feed(bytes) { try take(line, emit) }
    }

    public mutating func finish(emit: (MessageEvent) -> Void) throws(TranslationError) {
        if let line = lines.finish() { try take(line, emit) }
        if !message.hasEnded { throw TranslationError("Ollama's answer broke off before it was done") }
    }

    public func failure(_ head: UpstreamHead, body: [UInt8]) -> MessageError { .ollama(head.status, body) }

    private mutating func take(_ line: [UInt8], _ emit: (MessageEvent) -> Void) throws(TranslationError) {
        guard let chunk = try? JSON.parse(line), chunk.isObject, chunk["error"] == nil else {
            throw TranslationError(.ollama(500, line))
        }
        let part = chunk["message"]
        if let thinking = part?["thinking"]?.text { message.thinking(thinking, emit) }
        if let text = part?["content"]?.text { message.text(text, emit) }
        for call in part?["tool_calls"]?.blocks ?? [] {
            let function = call["function"]
            message.toolCall(
                id: call["id"]?.string, name: function?["name"]?.string ?? "", input: function?["arguments"]?.raw ?? [],
                emit)
        }
        guard chunk["done"]?.bool ?? false else { return }
        let reason = chunk["done_reason"]?.string ?? "stop"
        if !["stop", "length"].contains(reason) { message.losses.add(.rename, "stop_reason", "unknown", from: reason) }
        let usage = Usage(prompt: chunk["prompt_eval_count"]?.int, output: chunk["eval_count"]?.int)
        message.end(reason == "length" ? .maxTokens : .endTurn, usage, emit)
    }
}

extension OllamaNative: Backend {
    public static let name = "ollama"
    public static let addressVariable: String? = "OLLAMA_HOST"
    public var origin: String? { address }
    public var summary: String { address + (model.map { ", " + $0 } ?? "") }

    public static func detect(_ environment: Environment) -> Detection? {
        environment["OLLAMA_HOST"].map { Detection(because: "OLLAMA_HOST=" + $0, rank: 15) }
    }

    public func translate(
        _ request: MessageRequest, _ losses: inout Losses
    ) throws(TranslationError) -> UpstreamRequest {
        var out = JSONWriter()
        out.object { out in
            out.field("model", model ?? request.model)
            out.field("stream", request.stream)
            out.field("truncate", false)  // better an error than half a prompt
            if !request.wantsThinking { out.field("think", false) }
            out.object("options") { writeOptions(request.body, into: &$0) }
            out.array("messages", of: request.turns(&losses)) { write($1, into: &$0) }
            out.array("tools", of: request.clientTools(&losses)) { write($1, into: &$0) }
        }
        if request.body["stop_sequences"] != nil {
            losses.add(.emulate, "stop_sequences", "Ollama does not say which one ended an answer")
        }
        losses.drop(request.body, except: Self.members, "Ollama has no word for it")
        return UpstreamRequest(url: address + "/api/chat", json: out.bytes, model: model ?? request.model)
    }

    /// What `translate` carries over.
    private static let members = [
        "model", "stream", "thinking", "max_tokens", "temperature", "top_k", "top_p", "stop_sequences", "system",
        "messages", "tools",
    ]

    public func reply(to request: MessageRequest) -> OllamaReply {
        OllamaReply(request, model: model ?? request.model)
    }
}
