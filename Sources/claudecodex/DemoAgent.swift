internal import Intercept

/// A small agent for `demo`: sends prompts, answers tool calls from a table (nothing is run), waits and asks again when the
/// service is overloaded.
struct DemoAgent {
    private let upstream: Upstream
    private let url: String
    /// Nil for the main conversation.
    private let name: String?
    /// The conversation so far: messages as JSON.
    private var messages: [[UInt8]] = []

    private init(_ upstream: Upstream, url: String, name: String? = nil) {
        (self.upstream, self.url, self.name) = (upstream, url, name)
    }

    /// The whole conversation. Gives what went wrong.
    static func converse(_ upstream: Upstream, url: String) async -> Failure? {
        do throws(Failure) {
            var main = DemoAgent(upstream, url: url)
            var second = DemoAgent(upstream, url: url, name: "review")
            try await main.ask("What is in this folder?")
            try await second.ask("Is that all? (demo thinking)")
            try await main.ask("And what if the service is busy? (demo overloaded)")
            return nil
        } catch {
            return error
        }
    }

    /// More rounds than any scene has mean that something is wrong.
    private static let mostRounds = 8

    private mutating func ask(_ prompt: String) async throws(Failure) {
        messages.append(Self.message("user") { $0.string(prompt) })
        for _ in 0..<Self.mostRounds {
            let (message, calls) = try await answer()
            messages.append(message)
            if calls.isEmpty { return }
            messages.append(Self.results(calls))
        }
        throw Failure(.trouble, "demo: the model called tools \(Self.mostRounds) times without an answer")
    }

    /// One turn; a second try where the first found the service overloaded.
    private func answer() async throws(Failure) -> (message: [UInt8], calls: [ToolCall]) {
        var answer = try await send()
        if answer.head.status == 529 { answer = try await send() }
        guard answer.head.status == 200 else {
            let words = Text.printable(String(decoding: answer.body.prefix(300), as: UTF8.self))
            throw Failure(.trouble, "demo: the proxy answered \(answer.head.status): \(words)")
        }
        return try Self.read(answer.body)
    }

    /// Every demonstration is a session of its own.
    private static let session = "demo-" + Identifier.hex(Identifier.random(3))

    private func send() async throws(Failure) -> FetchedAnswer {
        var headers = HTTPFields([
            .init("Content-Type", "application/json"), .init("anthropic-version", "2023-06-01"),
            .init("User-Agent", "claudecodex-demo/\(Version.number)"), .init("x-claude-code-session-id", Self.session),
        ])
        if let name { headers.append("x-claude-code-agent-id", name) }
        let request = UpstreamRequest(url: url + "/v1/messages", headers: headers, body: body, model: "")
        do throws(FetchFailure) { return try await upstream.fetch(request) } catch {
            throw Failure(.trouble, "demo: the proxy did not answer: \(error.message)")
        }
    }

    // MARK: Requests

    private var body: [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("model", "claude-sonnet-5-5")
        out.field("max_tokens", 4096)
        out.field("stream", true)
        // No Chat Completions service has such a field: the trace shows a loss.
        out.field("speed", "fast")
        out.field("system", "You are a helpful agent in a demonstration. Look before you answer, and be short.")
        out.key("tools")
        out.raw(Self.tools)
        out.key("messages")
        out.beginArray()
        for message in messages { out.raw(message) }
        out.endArray()
        out.endObject()
        return out.bytes
    }

    private static let tools: StaticString = """
        [{"name":"Bash","description":"Runs a command.","input_schema":{"type":"object","properties":{"command":{"type":\
        "string"},"description":{"type":"string"}},"required":["command"]}},{"name":"Glob","description":"Finds files by \
        name.","input_schema":{"type":"object","properties":{"pattern":{"type":"string"}},"required":["pattern"]}}]
        """

    private static func message(_ role: String, _ content: (inout JSONWriter) -> Void) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("role", role)
        out.key("content")
        content(&out)
        out.endObject()
        return out.bytes
    }

    /// What the tools would have said.
    private static func results(_ calls: [ToolCall]) -> [UInt8] {
        message("user") { out in
            out.beginArray()
            for call in calls {
                let input = String(decoding: call.input, as: UTF8.self)
                out.beginObject()
                out.field("type", "tool_result")
                out.field("tool_use_id", call.id)
                switch call.name {
                case "Bash":
                    out.field("content", input.contains("pwd") ? "/project" : "README.md\nSources\nTests")
                default:
                    out.field("content", "\(call.name) is not installed here")
                    out.field("is_error", true)
                }
                out.endObject()
            }
            out.endArray()
        }
    }

    // MARK: Answers

    /// The message that a stream describes, and its calls.
    private static func read(_ stream: [UInt8]) throws(Failure) -> (message: [UInt8], calls: [ToolCall]) {
        var parser = SSEParser()
        var assembly = Assembly()
        var calls: [ToolCall] = []
        let all = stream[...]
        do throws(TranslationError) {
            try parser.feed(all.span) { event in
                if event.isComment { return }
                if let call = assembly.add(MessageEvent(event)) { calls.append(call) }
            }
        } catch {
            throw Failure(.trouble, "demo: the stream cannot be read: \(error.error.message)")
        }
        if let error = assembly.error { throw Failure(.trouble, "demo: the stream ended with \(error.message)") }
        guard assembly.isComplete else { throw Failure(.trouble, "demo: the stream broke off") }
        return (assembly.roleAndContent(), calls)
    }
}
