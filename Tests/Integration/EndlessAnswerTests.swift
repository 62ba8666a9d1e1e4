/// Services that never stop, or never begin.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct EndlessAnswerTests {
    @Test("arguments without end are an error event, and the service's work ends", arguments: [true, false])
    func endlessArguments(isPassThrough: Bool) throws {
        var limits = Limits()
        limits.maxToolCall = 100_000
        let ended = Locked(false)
        let piece = String(repeating: "x", count: 10_000)
        let upstream = try ScriptedUpstream { _, reply in
            defer { ended.value = true }
            try reply.beginStream()
            if isPassThrough {
                let call = Samples.tool("Write", input: "{}").components(separatedBy: "\n\n")
                try reply.chunk(Samples.start + call[0] + "\n\n")
                while true {
                    try reply.chunk(
                        #"event: content_block_delta"# + "\ndata: "
                            + #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\#(piece)"}}"#
                            + "\n\n")
                }
            }
            try reply.chunk(Samples.chatChunk(Samples.chatTool("Write", arguments: #"{"content":""#)))
            while true { try reply.chunk(Samples.chatChunk(Samples.chatTool("Write", arguments: piece))) }
        }
        let proxy =
            try isPassThrough
            ? Proxy(Samples.passThrough(upstream), limits: limits) : Proxy(Samples.chat(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true, #""tools":[{"name":"Write","input_schema":{"type":"object"}}]"#))
        let answer = try client.answer()
        // Bytes that passed through may end inside an event, where no other can begin.
        let isToldOrCut = answer.text.contains("one tool call have more than 100000 bytes") || !answer.isComplete
        #expect(isPassThrough ? isToldOrCut : answer.text.contains("one tool call have more than 100000 bytes"))
        eventually("the service is told") { ended.value }
        eventually("the end is recorded") { proxy.trace.outcomes == [.upstreamError] }
        #expect(proxy.trace.errors.contains { $0.message.contains("one tool call") })
    }

    @Test("an answer without end is given up", arguments: [true, false])
    func endlessAnswer(isPacked: Bool) throws {
        var limits = Limits()
        limits.maxAnswer = 1 << 20
        let text = Samples.chatChunk(#"{"content":"\#(String(repeating: "x", count: 50_000))"}"#)
        let packed = try Pack.gzip(Array(String(repeating: text, count: 40).utf8))
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream(fields: isPacked ? "Content-Encoding: gzip\r\n" : "")
            if isPacked { return try reply.chunk(packed) }
            while true { try reply.chunk(text) }
        }
        let proxy = try Proxy(Samples.chat(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        #expect(try client.answer().text.contains("answer has more than 1048576 bytes"))
    }

    @Test("a service that takes no connection is given up")
    func connectTimeout() throws {
        var limits = Limits()
        limits.connectTimeoutMS = 200
        // A listening socket whose queue is full answers nobody.
        let (socket, port) = try RawSocket.listen(queue: 0)
        let queued = try (0..<3).map { _ in try RawSocket.begin(port) }
        defer { for each in [socket] + queued { each.close() } }
        let backend = try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "http://127.0.0.1:\(port)"]))
        let proxy = try Proxy(backend, limits: limits)
        defer { proxy.stop() }
        let answer = try proxy.ask("POST /v1/messages", body: Samples.body())
        #expect(answer.status == 502 && answer.message.contains("cannot reach the model service"), "\(answer.text)")
        #expect(proxy.trace.errors.map(\.stage) == ["connect"])
    }
}
