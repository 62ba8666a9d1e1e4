import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// Token counts by Bedrock.
@Suite struct BedrockCountingTests {
    private func request(_ model: String = "claude-opus-4-6") throws -> MessageRequest {
        let body = #"{"model":"\#(model)","system":"s","messages":[{"role":"user","content":"hi"}]}"#
        return try MessageRequest(
            endpoint: .countTokens, path: "/v1/messages/count_tokens", query: nil, headers: HTTPFields(),
            body: JSON.parse(Array(body.utf8)))
    }

    @Test("P116: the Anthropic body is counted, under the id without its geography")
    func body() throws {
        let counting = try #require(try Converse.backend().counting(request()))
        #expect(counting.request.url.hasSuffix("/model/anthropic.claude-opus-4-6-v1/count-tokens"))
        let sent = try JSON.parse(counting.request.body)
        let inner = Data(base64Encoded: sent["input"]?["invokeModel"]?["body"]?.string ?? "")
        #expect(
            inner.map { String(decoding: $0, as: UTF8.self) }
                == #"{"anthropic_version":"bedrock-2023-05-31","system":"s","messages":[{"role":"user","content":"hi"}],"max_tokens":1}"#
        )
        let head = UpstreamHead(status: 200, headers: HTTPFields())
        #expect(counting.read(head, Array(#"{"inputTokens":42}"#.utf8)) == 42)
    }

    @Test(
        "models without a count are estimated", arguments: ["amazon.nova-pro-v1:0", "arn:aws:bedrock:us-east-1:1:x/y"])
    func others(model: String) throws { #expect(try Converse.backend().counting(request(model))?.request.url == nil) }

    @Test(
        "a model that has no count is not asked again, a busy service is",
        arguments: [(400, true), (403, true), (429, false), (503, false)])
    func refused(status: Int, isFinal: Bool) throws {
        let backend = try Converse.backend()
        let counting = try #require(try backend.counting(request()))
        #expect(counting.read(UpstreamHead(status: status, headers: HTTPFields()), Array("{}".utf8)) == nil)
        #expect(try (backend.counting(request())?.request.url == nil) == isFinal)
    }
}
