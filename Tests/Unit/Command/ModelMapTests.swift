/// Another model than the client asked for.
import Intercept
import Testing

@testable import claudecodex

@Suite struct ModelMapTests {
    private func map(_ rules: String...) throws -> ModelMap {
        try #require(ModelMap(rules.map { try ModelMap.Rule.parse($0).get() }))
    }

    @Test(
        "the first rule that fits wins",
        arguments: [
            ("claude-haiku-5-5", "small"), ("CLAUDE-HAIKU-5", "small"), ("claude-opus-5-5", "big"), ("gpt-5", nil),
            ("claude-opus-5-5[1m]", "big"), ("claude-sonnet-5", "exact"), ("claude-sonnet-5[1M]", "exact"), ("", nil),
        ] as [(String, String?)])
    func first(_ asked: String, _ model: String?) throws {
        #expect(try map("*haiku*=small", "claude-sonnet-5=exact", "claude-*=big").model(for: asked) == model)
    }

    @Test("a rule may ask for the suffix itself")
    func suffix() throws {
        let map = try map("*[1m]=long", "*=short")
        #expect(map.model(for: "claude-x[1m]") == "long")
        #expect(map.model(for: "claude-x") == "short")
    }

    @Test("the target may hold = and :")
    func target() throws { #expect(try map("*=a=b:c").model(for: "x") == "a=b:c") }

    @Test("without rules there is no interceptor")
    func none() { #expect(ModelMap([]) == nil) }

    @Test("the request changes, and only its model does")
    func request() async throws {
        let body = Array(#"{"model":"claude-haiku-5", "max_tokens":1,"messages":[]}"#.utf8)
        var request = try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil, headers: HTTPFields(), body: try JSON.parse(body))
        var map = try map("*haiku*=qwen3:8b")
        #expect(try await map.request(&request, Exchange()) == .pass)
        #expect(
            String(decoding: request.body.raw, as: UTF8.self) == #"{"model":"qwen3:8b", "max_tokens":1,"messages":[]}"#)
        #expect(request.requestedModel == "claude-haiku-5")
        var other = try self.map("gpt*=x")
        let before = request.body.raw
        _ = try await other.request(&request, Exchange())
        #expect(request.body.raw == before)
    }
}
