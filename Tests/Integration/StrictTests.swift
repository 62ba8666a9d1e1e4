/// A strict proxy over real sockets.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct StrictTests {
    private static func with(
        isStrict: Bool = true, _ script: @escaping ScriptedUpstream.Script,
        _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        let upstream = try ScriptedUpstream(script)
        let proxy = try Proxy(Samples.chat(upstream), isStrict: isStrict)
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
    }

    private static let answer: ScriptedUpstream.Script = { _, reply in
        try reply.answer(
            200,
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#
        )
    }

    private static let lossy = #""top_k":5,"tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]"#

    @Test("a request that would lose something is refused before the service hears of it", arguments: [false, true])
    func refused(stream: Bool) throws {
        try Self.with(Self.answer) { proxy, upstream in
            let answer = try proxy.ask("POST /v1/messages", body: Samples.body(stream: stream, Self.lossy))
            #expect(answer.status == 400 && answer.fields["x-should-retry"] == "false")
            #expect(answer.json?["error"]?["type"]?.string == "invalid_request_error")
            #expect(
                answer.message.hasPrefix(
                    "claudecodex --strict: 2 parts of the request cannot be carried to openai_compatible: "))
            #expect(answer.message.contains("drop top_k") && answer.message.contains("drop tools[0]"))
            #expect(upstream.requests.isEmpty)
            eventually("the end is recorded") { proxy.trace.outcomes == [.refused] }
            #expect(proxy.trace.errors.map(\.stage) == ["translate"])
            #expect(proxy.trace.losses.map(\.path).sorted() == ["tools[0]", "top_k"])
        }
    }

    @Test("without --strict the same request goes on, and its losses are recorded")
    func lenient() throws {
        try Self.with(isStrict: false, Self.answer) { proxy, upstream in
            let answer = try proxy.ask("POST /v1/messages", body: Samples.body(Self.lossy))
            #expect(answer.status == 200)
            #expect(upstream.requests.count == 1)
            eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
            #expect(proxy.trace.losses.map(\.path).sorted() == ["tools[0]", "top_k"])
        }
    }

    @Test("a lower limit and an effort that the model lacks stop nobody")
    func advice() throws {
        try Self.with(Self.answer) { proxy, upstream in
            let body = Samples.body(#""output_config":{"effort":"high"},"speed":"fast""#)
                .replacingOccurrences(of: #""max_tokens":100"#, with: #""max_tokens":128000"#)
            let answer = try proxy.ask("POST /v1/messages", body: body)
            #expect(answer.status == 200)
            #expect(proxy.trace.losses.map(\.path).sorted() == ["max_tokens", "output_config.effort", "speed"])
        }
    }

    @Test("a loss that only a refusal of the service brings to light is refused as well, then and from then on")
    func learnt() throws {
        try Self.with({ request, reply in
            let body = String(decoding: request.body, as: UTF8.self)
            guard body.contains("temperature") else { return try Self.answer(request, reply) }
            try reply.answer(
                400,
                #"{"error":{"message":"Unsupported parameter: 'temperature'","param":"temperature","code":"unsupported_parameter"}}"#
            )
        }) { proxy, upstream in
            let body = Samples.body(#""temperature":0.5"#)
            for _ in 0..<2 {
                let answer = try proxy.ask("POST /v1/messages", body: body)
                #expect(answer.status == 400 && answer.message.contains("drop temperature"), "\(answer.text)")
                #expect(answer.fields["x-should-retry"] == "false")
            }
            #expect(upstream.requests.count == 1, "nothing is sent again")
            #expect(try proxy.ask("POST /v1/messages", body: Samples.body()).status == 200)
        }
    }
}

extension Trace {
    var losses: [Losses.Loss] {
        all.flatMap { moment -> [Losses.Loss] in
            if case .translation(let translation) = moment.event { translation.losses.all } else { [] }
        }
    }
}
