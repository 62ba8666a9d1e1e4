import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIAPITests {
    private let tools = #""tools":[{"name":"a"}]"#

    private func backend(_ variables: [String: String]) throws -> OpenAICompatible {
        try OpenAICompatible(Environment(["OPENAI_API_KEY": "key-of-the-test-1234567890"].merging(variables) { $1 }))
    }

    private func url(_ variables: [String: String], _ members: String) throws -> String {
        var losses = Losses()
        return try backend(variables).translate(Chat.request(members), &losses).url
    }

    private func problem(_ work: () throws -> Void) -> String? {
        do {
            try work()
            return nil
        } catch { return "\(error)" }
    }

    @Test(
        "reasoning models of OpenAI and Azure go through Responses where tools are offered",
        arguments: ["gpt-5", "gpt-5.4-mini", "o3", "o4-mini"])
    func reasoning(model: String) throws {
        let openAI = ["OPENAI_MODEL": model]
        #expect(try url(openAI, tools) == "https://api.openai.com/v1/responses")
        #expect(try url(openAI, "") == "https://api.openai.com/v1/chat/completions")
        let azure = ["OPENAI_MODEL": model, "OPENAI_BASE_URL": "https://r.openai.azure.com/openai/v1"]
        #expect(try url(azure, tools) == "https://r.openai.azure.com/openai/v1/responses")
    }

    @Test(
        "everything else goes through Chat Completions",
        arguments: [
            ["OPENAI_MODEL": "gpt-4o"], ["OPENAI_MODEL": "gpt-5-chat-latest"], ["OPENAI_MODEL": "o1-mini"],
            ["OPENAI_MODEL": "gpt-5", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"],
            [
                "OPENAI_MODEL": "gpt-5",
                "OPENAI_BASE_URL": "https://r.openai.azure.com/openai/deployments/d?api-version=1",
            ],
            ["OPENAI_MODEL": "gpt-5", "OPENAI_API": "chat"],
            ["OPENAI_MODEL": "gpt-5", "OPENAI_BASE_URL": "https://api.openai.com/v1/chat/completions"],
        ])
    func chat(variables: [String: String]) throws {
        #expect(try url(variables, tools).contains("/chat/completions"))
    }

    @Test(
        "models that are served by Responses only always go there",
        arguments: ["gpt-5-codex", "codex-mini-latest", "gpt-5.2-pro", "o3-deep-research"])
    func onlyResponses(model: String) throws {
        #expect(try url(["OPENAI_MODEL": model], "").hasSuffix("/responses"))
    }

    @Test("OPENAI_API or the endpoint in the address decides for all requests")
    func fixed() throws {
        let local = ["OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://h:1/v1"]
        #expect(try url(local.merging(["OPENAI_API": "Responses"]) { $1 }, "") == "http://h:1/v1/responses")
        #expect(
            try url(["OPENAI_MODEL": "m", "OPENAI_BASE_URL": "http://h:1/v1/responses"], "")
                == "http://h:1/v1/responses")
        #expect(try url(local.merging(["OPENAI_API": "auto"]) { $1 }, tools) == "http://h:1/v1/chat/completions")
    }

    @Test("what contradicts itself, and what is no word, is refused")
    func contradictions() {
        #expect(
            problem { _ = try backend(["OPENAI_API": "soap"]) } == "OPENAI_API=soap: expected auto, chat or responses")
        let address = ["OPENAI_BASE_URL": "http://h:1/v1/responses"]
        #expect(
            problem { _ = try backend(address.merging(["OPENAI_API": "chat"]) { $1 }) }?.contains("make them agree")
                ?? false)
        #expect(problem { _ = try Responses.backend(["OPENAI_API": "chat"]) }?.contains("openai_responses") ?? false)
        #expect(problem { _ = try Responses.backend(["OPENAI_BASE_URL": "http://h:1/v1/chat/completions"]) } != nil)
        #expect(problem { _ = try Responses.backend(["OPENAI_API": "responses"]) } == nil)
    }

    /// Refuses the first attempt; gives the URL of the next, and of the request after that.
    private func refused(
        _ variables: [String: String], _ members: String, _ status: Int, _ message: String
    ) throws -> (again: String?, next: String) {
        let backend = try backend(variables)
        let request = try Chat.request(members)
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        let again = backend.retry(
            request, after: sent, head: UpstreamHead(status: status, headers: HTTPFields()),
            body: Array(#"{"error":{"message":"\#(message)"}}"#.utf8), &losses)
        return (again?.url, try backend.translate(request, &losses).url)
    }

    @Test("a service that names the other API is asked by it, now and from then on")
    func other() throws {
        let chat = try refused(
            ["OPENAI_MODEL": "new-model"], "", 404,
            "This model is only supported in v1/responses and not in v1/chat/completions.")
        #expect(chat.again?.hasSuffix("/responses") ?? false && chat.next.hasSuffix("/responses"))
        let responses = try refused(["OPENAI_MODEL": "gpt-5"], tools, 404, "Resource not found")
        #expect(
            responses.again?.hasSuffix("/chat/completions") ?? false && responses.next.hasSuffix("/chat/completions"))
    }

    @Test("an unknown model or item, and a choice that was made, do not change the API")
    func same() throws {
        #expect(try refused(["OPENAI_MODEL": "gpt-5"], tools, 404, "The model `gpt-5` does not exist").again == nil)
        #expect(try refused(["OPENAI_MODEL": "gpt-5"], tools, 404, "Item with id 'rs_1' not found.").again == nil)
        let fixed = ["OPENAI_MODEL": "gpt-5", "OPENAI_API": "responses"]
        #expect(try refused(fixed, tools, 404, "Resource not found").again == nil)
    }

    @Test("a decoder reads what its request asked for")
    func decoders() throws {
        let one = try backend(["OPENAI_MODEL": "gpt-5"])
        for (members, answer) in [
            (tools, #"{"output":[{"type":"message","content":[{"type":"output_text","text":"a"}]}]}"#),
            ("", #"{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}"#),
        ] {
            var reply = one.reply(to: try Chat.request(members))
            var events: [MessageEvent] = []
            let bytes = Array(answer.utf8)[...]
            try reply.feed(bytes.span) { events.append($0) }
            try reply.finish { events.append($0) }
            #expect(Chat.blocks(events) == ["text:a"])
        }
    }

    @Test("openai_responses is never chosen by itself, and by its name always")
    func registry() throws {
        let key = ["OPENAI_API_KEY": "k12345678"]
        let named = try Registry.choose(Environment(key), explicit: "openai-responses")
        #expect(type(of: named.backend).name == "openai_responses")
        #expect(named.alsoPossible.first == "openai_compatible, because OPENAI_API_KEY is set")
        #expect(OpenAIResponses.detect(Environment(key)) == nil)
    }
}
