/// The scripted model: what it says to which request, and that its bytes are those of a Chat Completions service.
import Testing

@testable import Backends
@testable import Intercept

struct DemoModelTests {
    private static let bash = #"{"name":"Bash","input_schema":{"type":"object"}}"#
    private static let glob = #"{"name":"Glob","input_schema":{"type":"object"}}"#

    private static func body(_ messages: String, tools: String = bash, stream: Bool = true) -> String {
        #"{"model":"claude-x","max_tokens":100,"stream":\#(stream),"tools":[\#(tools)],"messages":[\#(messages)]}"#
    }

    private static func user(_ text: String) -> String { #"{"role":"user","content":"\#(text)"}"# }

    private static func call(_ id: String) -> String {
        #"{"role":"assistant","content":[{"type":"tool_use","id":"\#(id)","name":"Bash","input":{}}]}"#
    }

    private static func result(_ id: String, _ text: String, note: String = "") -> String {
        let note = note.isEmpty ? "" : #",{"type":"text","text":"\#(note)"}"#
        return
            #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"\#(id)","content":"\#(text)"}\#(note)]}"#
    }

    private static func request(_ body: String) throws -> MessageRequest {
        try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
            body: JSON.parse(Array(body.utf8)))
    }

    /// What a client gets: status, message, error.
    private struct Got {
        var status: Int
        var assembly = Assembly()
        var calls: [ToolCall] = []
        var error: MessageError?
        var violations: [String] = []

        var text: String { String(decoding: assembly.roleAndContent(), as: UTF8.self) }
    }

    private static func ask(_ model: DemoModel, _ body: String, pieces size: Int? = nil) throws -> Got {
        let request = try request(body)
        var losses = Losses()
        let sent = try model.translate(request, &losses)
        let scripted = try #require(sent.scripted)
        var decoder = model.reply(to: request)
        var got = Got(status: scripted.head.status)
        guard scripted.head.status == 200 else {
            got.error = decoder.failure(scripted.head, body: scripted.body)
            return got
        }
        var grammar = Grammar()
        func take(_ event: MessageEvent) {
            if let violation = grammar.check(event) { got.violations.append(violation.message) }
            if let call = got.assembly.add(event) { got.calls.append(call) }
        }
        try decoder.head(scripted.head, emit: take)
        let bytes = scripted.body
        let cut = size.map { size in
            stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        }
        for piece in cut ?? scripted.pieces.map(\.bytes) {
            let all = piece[...]
            try decoder.feed(all.span, emit: take)
        }
        try decoder.finish(emit: take)
        if let violation = grammar.finish() { got.violations.append(violation.message) }
        return got
    }

    private static func model() throws -> DemoModel { try DemoModel(Environment()) }

    @Test("it is chosen by its name and never found in the environment")
    func choice() throws {
        #expect(DemoModel.detect(Environment(["OPENAI_API_KEY": "k", "LLM_BACKEND": "demo"])) == nil)
        let explicit = try Registry.choose(Environment(), explicit: "demo")
        #expect(type(of: explicit.backend).name == "demo")
        let named = try Registry.choose(Environment(["LLM_BACKEND": "demo", "OPENAI_API_KEY": "k"]))
        #expect(type(of: named.backend).name == "demo" && named.why == "LLM_BACKEND=demo")
        #expect(named.alsoPossible.count == 2)
        let nothing = try Registry.choose(Environment())
        #expect(type(of: nothing.backend).name == "anthropic")
    }

    @Test("an agent's way: a thought and a call, two calls at once, words about the results")
    func agent() throws {
        let model = try Self.model()
        let tools = Self.bash + "," + Self.glob
        var talk = Self.user("What is here?")
        let first = try Self.ask(model, Self.body(talk, tools: tools))
        #expect(first.calls.map(\.name) == ["Bash"] && first.text.contains(#""type":"thinking""#))
        #expect(String(decoding: first.calls[0].input, as: UTF8.self).contains(#""command":"pwd""#))
        #expect(first.assembly.end?.stopReason == .toolUse)
        talk += "," + Self.call("a") + "," + Self.result("a", "/here", note: "a note of the client's")
        let second = try Self.ask(model, Self.body(talk, tools: tools))
        #expect(second.calls.map(\.name) == ["Bash", "Glob"])
        #expect(Set(second.calls.map(\.id)).count == 2)
        talk += "," + Self.call("b") + "," + Self.result("b", "README.md\\nSources")
        let third = try Self.ask(model, Self.body(talk, tools: tools))
        #expect(third.calls.isEmpty && third.text.contains("README.md") && !third.text.contains("Sources"))
        #expect(third.assembly.end?.stopReason == .endTurn)
        #expect((first.violations + second.violations + third.violations).isEmpty)
    }

    static let scenes: [(String, [String], Bool)] = [
        ("demo text", [], false), ("demo thinking", [], true), ("demo tool", ["Bash"], false),
        ("demo tools", ["Bash", "Bash"], false), ("demo long", [], false),
        ("please: demo tools!", ["Bash", "Bash"], false),
    ]

    @Test("a prompt names what it wants to see", arguments: scenes)
    func scene(prompt: String, calls: [String], thinks: Bool) throws {
        for isStream in [true, false] {
            let got = try Self.ask(Self.model(), Self.body(Self.user(prompt), stream: isStream))
            #expect(got.calls.map(\.name) == calls)
            #expect(got.text.contains(#""type":"thinking""#) == thinks)
            #expect(got.violations.isEmpty)
        }
    }

    @Test(
        "a stream says the same in whatever pieces it comes, and the same as a whole answer",
        arguments: [1, 7, 100_000])
    func pieces(size: Int) throws {
        for prompt in ["demo thinking", "demo tools"] {
            let asScripted = try Self.ask(Self.model(), Self.body(Self.user(prompt)))
            #expect(try Self.ask(Self.model(), Self.body(Self.user(prompt)), pieces: size).text == asScripted.text)
        }
        let whole = try Self.ask(Self.model(), Self.body(Self.user("demo text"), stream: false))
        #expect(try Self.ask(Self.model(), Self.body(Self.user("demo text"))).text == whole.text)
    }

    @Test("`demo error` is refused for good, `demo overloaded` once")
    func refusals() throws {
        let model = try Self.model()
        for _ in 0..<2 {
            let got = try Self.ask(model, Self.body(Self.user("demo error")))
            #expect(got.error?.status == 400 && got.error?.type == "invalid_request_error")
        }
        let body = Self.body(Self.user("demo overloaded"))
        #expect(try Self.ask(model, body).error?.status == 529)
        #expect(try Self.ask(model, body).text.contains("The second time it works"))
        #expect(try Self.ask(model, body).error?.type == "overloaded_error")
    }

    @Test(
        "only tools that it knows to be harmless are called", arguments: [#"{"name":"Write","input_schema":{}}"#, ""])
    func harmless(tools: String) throws {
        for prompt in ["What is here?", "demo tool", "demo tools"] {
            let got = try Self.ask(Self.model(), Self.body(Self.user(prompt), tools: tools))
            #expect(got.calls.isEmpty && got.assembly.isComplete)
        }
    }

    @Test("a request for a summary and a choice of no tool get words")
    func textOnly() throws {
        let summary = Self.body(Self.user("CRITICAL: Respond with TEXT ONLY. Do NOT call any tools."))
        #expect(try Self.ask(Self.model(), summary).calls.isEmpty)
        let none = Self.body(Self.user("What is here?")).dropLast() + #","tool_choice":{"type":"none"}}"#
        #expect(try Self.ask(Self.model(), String(none)).calls.isEmpty)
    }

    @Test("tokens follow from the sizes; what stood there before the last answer comes from the cache")
    func usage() throws {
        let model = try Self.model()
        let first = try Self.ask(model, Self.body(Self.user("What is here?"))).assembly.usage
        #expect(first.cacheRead == 0 && first.input > 50 && first.output > 10)
        let long = String(repeating: "x", count: 2000)
        let talk = [Self.user(long), Self.call("a"), Self.result("a", "/here")].joined(separator: ",")
        let second = try Self.ask(model, Self.body(talk)).assembly.usage
        #expect(second.cacheRead >= 448 && second.cacheRead % 64 == 0 && second.input < 200)
    }

    @Test("the same request gets the same bytes, another one others")
    func deterministic() throws {
        var losses = Losses()
        let bodies = try ["here", "here", "there"].map { place in
            try Self.model().translate(try Self.request(Self.body(Self.user("What is \(place)?"))), &losses).scripted?
                .body
        }
        #expect(bodies[0] != nil && bodies[0] == bodies[1] && bodies[0] != bodies[2])
    }
}
