/// The pass-through: addresses, credentials, codings, loops, and what is taken out of a conversation.
import Testing

@testable import Backends
@testable import Intercept

struct AnthropicTests {
    private static let body =
        #"{"model":"claude-opus-5-5","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}"#

    private func request(
        _ body: String = body, query: String? = nil, fields: [(String, String)] = []
    ) throws -> MessageRequest {
        try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: query,
            headers: HTTPFields(fields.map { .init($0.0, $0.1) }), body: JSON.parse(Array(body.utf8)))
    }

    private func sent(
        _ variables: [String: String] = [:], _ request: MessageRequest
    ) throws -> (request: UpstreamRequest, losses: [Losses.Loss]) {
        var losses = Losses()
        return (try Anthropic(Environment(variables)).translate(request, &losses), losses.all)
    }

    static let addresses: [(String?, String?, String)] = [
        (nil, nil, "https://api.anthropic.com/v1/messages"),
        (nil, "beta=true", "https://api.anthropic.com/v1/messages?beta=true"),
        ("https://a.example/", nil, "https://a.example/v1/messages"),
        ("https://a.example//", nil, "https://a.example/v1/messages"),
        ("https://a.example/v1", "x=%20", "https://a.example/v1/messages?x=%20"),
        ("https://a.example/v1/", nil, "https://a.example/v1/messages"),
        ("https://a.example/anthropic", nil, "https://a.example/anthropic/v1/messages"),
        ("https://a.example/anthropic/v1", "", "https://a.example/anthropic/v1/messages?"),
        ("http://a.example:8080", nil, "http://a.example:8080/v1/messages"),
    ]

    @Test("base address, path and query are joined, /v1 never twice", arguments: addresses)
    func address(base: String?, query: String?, expected: String) throws {
        let variables = base.map { ["ANTHROPIC_UPSTREAM_URL": $0] } ?? [:]
        #expect(try sent(variables, request(query: query)).request.url == expected)
    }

    @Test(
        "an address without http is refused with the value seen",
        arguments: ["a.example", "ftp://a.example", "//a.example"])
    func wrongAddress(base: String) {
        let error = #expect(throws: ConfigError.self) {
            try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": base]))
        }
        #expect(error?.description.contains("ANTHROPIC_UPSTREAM_URL=\(base)") ?? false)
    }

    @Test("P39, P126: the body and the fields of the client go through, those of its connection do not")
    func untouched() throws {
        let fields = [
            ("Host", "127.0.0.1"), ("anthropic-beta", "a,b"), ("Anthropic-Version", "2023-06-01"),
            ("X-Api-Key", "client-key"),
            ("Connection", "keep-alive"), ("Content-Length", "5"), ("Content-Encoding", "gzip"),
            ("User-Agent", "claude-cli/2"),
        ]
        let sent = try sent([:], request(fields: fields)).request
        #expect(sent.body == Array(Self.body.utf8) && sent.isClientBody)
        #expect(sent.method == "POST" && sent.model == "claude-opus-5-5")
        #expect(
            sent.headers.fields.map(\.name).sorted() == [
                "Anthropic-Version", "User-Agent", "X-Api-Key", "accept-encoding", "anthropic-beta",
            ])
        #expect(sent.headers["x-api-key"] == "client-key")
    }

    @Test("configured credentials take the place of the client's, of either kind")
    func credentials() throws {
        let fields = [("X-Api-Key", "client-key"), ("Authorization", "Bearer client-token")]
        let key = try sent(["ANTHROPIC_UPSTREAM_API_KEY": "ours"], request(fields: fields)).request.headers
        #expect(key["x-api-key"] == "ours" && key["authorization"] == nil)
        let token = try sent(["ANTHROPIC_UPSTREAM_AUTH_TOKEN": "ours"], request(fields: fields)).request.headers
        #expect(token["x-api-key"] == nil && token["authorization"] == "Bearer ours")
        let none = try sent([:], request(fields: fields)).request.headers
        #expect(none["x-api-key"] == "client-key" && none["authorization"] == "Bearer client-token")
    }

    @Test("two kinds of credentials at once are refused by name")
    func bothCredentials() {
        let error = #expect(throws: ConfigError.self) {
            try Anthropic(
                Environment(["ANTHROPIC_UPSTREAM_API_KEY": "secret-a", "ANTHROPIC_UPSTREAM_AUTH_TOKEN": "secret-b"]))
        }
        #expect(error?.description.contains("ANTHROPIC_UPSTREAM_API_KEY") ?? false)
        #expect(error?.description.contains("ANTHROPIC_UPSTREAM_AUTH_TOKEN") ?? false)
        #expect(!(error?.description.contains("secret") ?? true))
    }

    @Test(
        "P124: only codings that the trace can read are asked for",
        arguments: [
            (nil, "identity"), ("br, zstd", "identity"), ("gzip, deflate, br", "gzip, deflate"), ("GZIP", "gzip"),
            ("deflate", "deflate"),
            ("*", "identity"),
        ] as [(String?, String)])
    func codings(accepted: String?, expected: String) throws {
        let fields = accepted.map { [("Accept-Encoding", $0)] } ?? []
        #expect(try sent([:], request(fields: fields)).request.headers.values("accept-encoding") == [expected])
    }

    @Test("P128: an address that leads back to this proxy is noticed")
    func loop() throws {
        let backend = try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "http://127.0.0.1:8082"]))
        var losses = Losses()
        let first = try backend.translate(request(fields: [("Via", "1.1 other")]), &losses)
        let back = try request(fields: first.headers.fields.map { ($0.name, $0.value) })
        let error = #expect(throws: TranslationError.self) { try backend.translate(back, &losses) }
        #expect(error?.error.shouldRetry == false)
        #expect(error?.error.message.contains("ANTHROPIC_UPSTREAM_URL=http://127.0.0.1:8082") ?? false)
        let other = try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "http://127.0.0.1:8083"]))
        #expect(throws: Never.self) { try other.translate(back, &losses) }
    }

    @Test("a remote service sees no mark of ours")
    func noMark() throws {
        #expect(try sent([:], request()).request.headers["via"] == nil)
    }

    @Test("model lists, batches and files are relayed, other paths are not")
    func forward() throws {
        let backend = try Anthropic(
            Environment(["ANTHROPIC_UPSTREAM_URL": "https://a.example", "ANTHROPIC_UPSTREAM_API_KEY": "k"]))
        let list = backend.forward(method: "GET", path: "/v1/models", query: "limit=5", headers: HTTPFields(), body: [])
        #expect(list?.url == "https://a.example/v1/models?limit=5" && list?.method == "GET")
        #expect(list?.headers["x-api-key"] == "k")
        #expect(
            backend.forward(method: "DELETE", path: "/v1/files/1", query: nil, headers: HTTPFields(), body: []) != nil)
        #expect(
            backend.forward(method: "POST", path: "/v1/messages/batches", query: nil, headers: HTTPFields(), body: [1])?
                .body == [1])
        for path in ["/", "/health", "/v1/complete", "/v1/messages"] {
            #expect(backend.forward(method: "GET", path: path, query: nil, headers: HTTPFields(), body: []) == nil)
        }
    }
}

struct ForeignThinkingTests {
    private func stripped(_ messages: String) throws -> (body: String?, paths: [String]) {
        let body = try JSON.parse(Array(#"{ "a":1.50,"messages":\#(messages) ,"z": [ ]}"#.utf8))
        var losses = Losses()
        let bytes = VendorRequest.mend(body, .anthropic, model: "m", &losses)
        return (bytes.map { String(decoding: $0, as: UTF8.self) }, losses.all.map(\.path))
    }

    private static let ours = #"{"type":"thinking","thinking":"hm","signature":"ccx1.abc"}"#
    private static let theirs = #"{"type":"thinking","thinking":"hm","signature":"EqQB"}"#
    private static let text = #"{ "type":"text", "text":"\u00e9" }"#

    @Test(
        "a conversation without such thinking is left alone",
        arguments: [
            "[]", #"[{"role":"user","content":"ccx1."}]"#, #"[{"role":"assistant","content":[\#(theirs),\#(text)]}]"#,
            #"[{"role":"user","content":[\#(ours)]}]"#, #"[{"role":"assistant","content":"x"},7,null]"#,
            #"[{"role":"assistant","content":[{"type":"text","text":"x","signature":"ccx1.a"},5]}]"#,
        ])
    func untouched(messages: String) throws {
        let (body, paths) = try stripped(messages)
        #expect(body == nil && paths.isEmpty)
    }

    @Test("P147: only our envelopes are taken out, all other bytes stay")
    func stripping() throws {
        let (body, paths) = try stripped(
            #"[ {"role":"user","content":"x"}, {"role":"assistant","content":[ \#(Self.ours) , \#(Self.text),\#(Self.theirs),\#(Self.ours)],"k":1e0},"#
                + #"{"role":"assistant","content":[\#(Self.text), \#(Self.ours)]}]"#)
        #expect(
            body
                == #"{ "a":1.50,"messages":[ {"role":"user","content":"x"}, {"role":"assistant","content":[\#(Self.text),\#(Self.theirs)],"k":1e0},"#
                + #"{"role":"assistant","content":[\#(Self.text)]}] ,"z": [ ]}"#)
        #expect(paths == ["messages[1].content[0]", "messages[1].content[3]", "messages[2].content[1]"])
    }

    @Test("a message of which nothing is left gets a word, because none may be empty")
    func nothingLeft() throws {
        let (body, _) = try stripped(#"[{"role":"assistant","content":[\#(Self.ours)]}]"#)
        let message = try JSON.parse(Array((body ?? "").utf8))["messages"]?.elements.first { _ in true }
        #expect(message?["content"]?.count == 1)
        #expect(message?["content"]?.elements.first { _ in true }?["text"]?.isEmptyString == false)
    }

    @Test("the whole request carries the stripped body and says that it is no longer the client's")
    func translated() throws {
        let body =
            #"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[\#(Self.ours),\#(Self.text)]}]}"#
        let request = try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(),
            body: JSON.parse(Array(body.utf8)))
        var losses = Losses()
        let sent = try Anthropic(Environment()).translate(request, &losses)
        #expect(!sent.isClientBody)
        #expect(
            String(decoding: sent.body, as: UTF8.self)
                == #"{"model":"m","max_tokens":1,"messages":[{"role":"assistant","content":[\#(Self.text)]}]}"#)
        #expect(losses.all.map(\.operation) == [.drop])
    }
}
