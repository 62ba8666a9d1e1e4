/// What refusals teach, in the wordings that services were seen to use.
import Testing

@testable import Backends
@testable import Intercept

struct VendorRefusalTests {
    private static let sent =
        #"{"model":"m","context_management":{},"output_config":{},"thinking":{},"messages":[{"role":"user","content":[{"type":"document"}]},"#
        + #"{"role":"system","content":"x"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#

    private static func lesson(_ body: String, sent: String = sent, betas: String? = "a-2025-01-01") throws
        -> VendorRefusal?
    {
        VendorRefusal(Array(body.utf8), sent: try JSON.parse(Array(sent.utf8)), betas: betas)
    }

    static let known: [(String, VendorRefusal)] = [
        // z.ai, vLLM before 0.23 and others that check with Pydantic
        (
            #"{"detail":[{"type":"literal_error","loc":["body","messages",1,"role"],"msg":"Input should be 'user' or 'assistant'","input":"system"}]}"#,
            .system
        ),
        // DeepSeek
        (
            #"{"error":{"message":"Failed to deserialize the JSON body into the target type: messages[1].role: unknown variant `system`, expected `user` or `assistant` at line 1"}}"#,
            .system
        ),
        // MiniMax
        (
            #"{"type":"error","error":{"type":"bad_request_error","message":"invalid params, chat content has invalid message role: system (2013)","http_code":"400"}}"#,
            .system
        ),
        // LM Studio
        (#"{"error":{"message":"role: Invalid discriminator value. Expected 'user' | 'assistant'"}}"#, .system),
        // Prompt templates
        (#"{"error":{"code":400,"message":"Jinja Exception: System message must be at the beginning."}}"#, .system),
        (
            #"{"error":{"message":"failed to convert tool result content: unsupported content type in ContentBlockParamUnion: tool_reference"}}"#,
            .deferredTools
        ),
        (
            #"{"error":{"message":"invalid params, function name or parameters is empty (2013)"}}"#, .typedTools
        ),
        (
            #"{"detail":[{"type":"missing","loc":["body","tools",0,"input_schema"],"msg":"Field required"}]}"#,
            .typedTools
        ),
        (
            #"{"error":{"message":"No endpoints available that support Anthropic's context management features (context-management-2025-06-27).","code":400}}"#,
            .field("context_management")
        ),
        (
            #"{"type":"error","error":{"type":"invalid_request_error","message":"context_management: Extra inputs are not permitted"}}"#,
            .field("context_management")
        ),
        (#"{"error":"output_config is not supported"}"#, .field("output_config")),
        (
            #"{"error":{"message":"messages.0.content.0.document.cache_control: Extra inputs are not permitted"}}"#,
            .cacheControl
        ),
        (#"{"error":{"message":"content type document is not supported"}}"#, .documents),
        (
            #"{"error":{"message":"Unexpected value(s) `a-2025-01-01` for the `anthropic-beta` header"}}"#, .betas
        ),
        ("unsupported beta a-2025-01-01", .betas),
    ]

    @Test("a refusal names what the service does not take", arguments: known)
    func understood(body: String, expected: VendorRefusal) throws {
        #expect(try Self.lesson(body) == expected)
    }

    @Test(
        "what is about something else teaches nothing",
        arguments: [
            #"{"error":{"message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}"#,
            #"{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            #"{"error":{"message":"max_tokens: 128000 > 8192, which is the maximum"}}"#,
            #"{"error":{"message":"thinking.budget_tokens: Input should be greater than or equal to 1024"}}"#,
            #"{"error":{"message":"API key is invalid"}}"#, "", "{}", "<html>400</html>",
        ])
    func ignored(body: String) throws {
        #expect(try Self.lesson(body) == nil)
    }

    @Test("only what was sent can have been refused")
    func absent() throws {
        let plain = #"{"model":"m","messages":[{"role":"user","content":"x"}]}"#
        for (body, lesson) in Self.known where lesson != .deferredTools && lesson != .cacheControl {
            #expect(try Self.lesson(body, sent: plain, betas: nil) == nil, "\(body)")
        }
    }

    @Test("the request is sent again without what was refused, and the next one is right at once, for that model only")
    func learning() throws {
        let backend = try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "https://gateway.example"]))
        func request(_ model: String) throws -> MessageRequest {
            let body =
                #"{"model":"\#(model)","max_tokens":1,"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}],"context_management":{}}"#
            return try MessageRequest(
                endpoint: .messages, path: "/v1/messages", query: nil,
                headers: HTTPFields([.init("anthropic-beta", "x-1,context-management-2025-06-27")]),
                body: JSON.parse(Array(body.utf8)))
        }
        var losses = Losses()
        let head = UpstreamHead(status: 422, headers: HTTPFields())
        func refused(_ sent: UpstreamRequest, _ text: String) throws -> UpstreamRequest? {
            backend.retry(try request("one"), after: sent, head: head, body: Array(text.utf8), &losses)
        }
        let first = try backend.translate(request("one"), &losses)
        #expect(first.isClientBody && losses.isEmpty)
        let second = try #require(try refused(first, "messages[1].role: unknown variant `system`"))
        #expect(!second.isClientBody && !String(decoding: second.body, as: UTF8.self).contains(#""role":"system""#))
        let third = try #require(try refused(second, "context_management: Extra inputs are not permitted"))
        #expect(!String(decoding: third.body, as: UTF8.self).contains("context_management"))
        #expect(third.headers["anthropic-beta"] == "x-1")
        #expect(losses.all.map(\.path) == ["messages[1]", "context_management", "anthropic-beta"])
        #expect(try refused(third, "context_management: Extra inputs are not permitted") == nil)
        #expect(try refused(third, "no idea") == nil)
        let fourth = try #require(try refused(third, "Unexpected value(s) `x-1` for the `anthropic-beta` header"))
        #expect(fourth.body == third.body && fourth.headers["anthropic-beta"] == nil)
        var later = Losses()
        #expect(try backend.translate(request("one"), &later).body == third.body && later.all.count == 3)
        #expect(try backend.translate(request("two"), &later).isClientBody)
    }

    @Test("Anthropic's own refusals are its clients' affair")
    func anthropic() throws {
        let backend = try Anthropic(Environment())
        let request = try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
            body: JSON.parse(Array(#"{"model":"m","max_tokens":1,"messages":[],"context_management":{}}"#.utf8)))
        var losses = Losses()
        let sent = try backend.translate(request, &losses)
        let body = Array("context_management: Extra inputs are not permitted".utf8)
        let head = UpstreamHead(status: 400, headers: HTTPFields())
        #expect(backend.retry(request, after: sent, head: head, body: body, &losses) == nil)
        #expect(backend.reply(to: request).passesThrough(head))
    }
}
