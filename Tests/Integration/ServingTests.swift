/// HTTP at the front: framing, order, half-closed clients, refusals, draining.
import Foundation
import Testing

@testable import Intercept

struct ServingTests {
    /// Answers each request with the text of its user message.
    private static func echo() throws -> ScriptedUpstream {
        try ScriptedUpstream { request, reply in
            let body = try JSON.parse(request.body)
            let text = body["messages"]?.elements.first { _ in true }?["content"]?.string ?? ""
            if body["stream"]?.bool == true {
                try reply.stream(Samples.start + Samples.text(text) + Samples.end(), pieces: 50)
            } else {
                try reply.answer(200, #"{"echo":"\#(text)","bytes":\#(request.body.count)}"#)
            }
        }
    }

    private static func with(
        limits: Limits = Limits(), _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        let upstream = try echo()
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
    }

    @Test("one connection carries many requests, the upstream's connection too")
    func keepAlive() throws {
        try Self.with { proxy, upstream in
            let client = try proxy.client()
            for number in 0..<20 {
                try client.send(Samples.request(stream: number % 3 == 0, text: "n\(number)"))
                let answer = try client.answer()
                #expect(answer.status == 200 && answer.text.contains("n\(number)"))
                #expect(answer.fields["connection"] == nil)
            }
            #expect(upstream.connectionCount == 1)
            #expect(proxy.trace.heads.map(\.reused) == [false] + Array(repeating: true, count: 19))
        }
    }

    @Test("pipelined requests are answered in their order, whole and streamed ones mixed")
    func pipelining() throws {
        try Self.with { proxy, _ in
            let client = try proxy.client()
            let all = (0..<12).map { Samples.request(stream: $0 % 2 == 0, text: "n\($0).") }.joined()
            try client.send(all + Wire.request("GET /health") + "\r\n")
            for number in 0..<12 { #expect(try client.answer().text.contains("n\(number).")) }
            #expect(try client.answer().json?["status"]?.string == "ok")
        }
    }

    @Test("a request may come byte by byte")
    func slowly() throws {
        try Self.with { proxy, _ in
            let client = try proxy.client()
            for byte in Samples.request(text: "slow").utf8 { try client.socket.send([byte]) }
            #expect(try client.answer().text.contains("slow"))
        }
    }

    @Test("a chunked body is the same as one with a length", arguments: [1, 7, 4096])
    func chunked(size: Int) throws {
        try Self.with { proxy, upstream in
            let body = Array(Samples.body(text: "chunks").utf8)
            let client = try proxy.client()
            try client.send(
                "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            try client.socket.send(Wire.chunked(body, size: size) + Array(Wire.request("GET /health").utf8))
            #expect(try client.answer().text.contains("chunks"))
            #expect(try client.answer().json?["status"]?.string == "ok")
            #expect(upstream.requests.map(\.body) == [body])
            #expect(upstream.requests[0].fields["content-length"] == "\(body.count)")
        }
    }

    @Test("P125: a packed body goes on unpacked")
    func gzip() throws {
        try Self.with { proxy, upstream in
            let packed = try Pack.gzip(Array(Samples.body(text: "packed").utf8))
            let client = try proxy.client()
            try client.send(
                Wire.request("POST /v1/messages", length: packed.count, fields: "Content-Encoding: gzip\r\n"))
            try client.socket.send(packed)
            #expect(try client.answer().text.contains("packed"))
            #expect(upstream.requests[0].fields["content-encoding"] == nil)
            #expect(upstream.requests[0].body == Array(Samples.body(text: "packed").utf8))
        }
    }

    @Test(
        "HEAD gets the fields of GET and no body, and the connection goes on",
        arguments: ["/", "/health", "/api/hello", "/nothing"])
    func head(path: String) throws {
        try Self.with { proxy, _ in
            let client = try proxy.client()
            try client.send(Wire.request("HEAD \(path)") + Wire.request("GET \(path)"))
            let head = try client.answer(isHead: true)
            let get = try client.answer()
            #expect(head.status == get.status)
            let length = path == "/nothing" ? get.body.count + "HEAD".count - "GET".count : get.body.count
            #expect(head.fields["content-length"] == "\(length)")
        }
    }

    @Test("a client that asks first is told to go on")
    func expectContinue() throws {
        try Self.with { proxy, _ in
            let body = Samples.body(text: "asked")
            let client = try proxy.client()
            try client.send(
                Wire.request("POST /v1/messages", length: body.utf8.count, fields: "Expect: 100-continue\r\n"))
            let (line, _) = try #require(try client.reader.head())
            #expect(line.dropFirst().first == "100")
            try client.send(body)
            let answer = try client.answer()
            #expect(answer.status == 200 && answer.text.contains("asked"))
            let odd = try proxy.client()
            try odd.send(Wire.request("POST /v1/messages", length: 5, fields: "Expect: the-unexpected\r\n"))
            #expect(try odd.answer().status == 417)
        }
    }

    @Test("a client that sends no more still gets its answer", arguments: [false, true])
    func halfClosed(stream: Bool) throws {
        let upstream = try ScriptedUpstream { _, reply in
            if stream {
                try reply.beginStream()
                try reply.chunk(Samples.start)
                try reply.chunk(Samples.text("late") + Samples.end())
                try reply.endStream()
            } else {
                try reply.answer(200, #"{"late":true}"#)
            }
        }
        let proxy = try Proxy(Samples.passThrough(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: stream))
        client.socket.closeWriting()
        let answer = try client.answer()
        #expect(answer.status == 200 && answer.isComplete && answer.text.contains("late"))
        #expect(client.isClosedByPeer())
        eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
    }

    static let refused: [(String, Int, String)] = [
        ("POST /v1/messages HTTP/1.1\r\nHost: a\r\n\r\n", 421, "Host: a"),
        ("POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x\r\n\r\n", 403, "Origin: http://x"),
        ("POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", 415, "content-type: missing"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
        (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            415, "content-type"
        ),
        (
            "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "both Content-Length and Transfer-Encoding"
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"),
        (Wire.request("GET /nothing"), 404, "GET /nothing"),
        (Wire.request("POST /v1/complete", body: "{}"), 404, "/v1/complete"),
        (Wire.request("POST /v1/messages", body: "{"), 400, "not valid JSON"),
        (Wire.request("POST /v1/messages", body: "{}"), 400, "model: Field required"),
    ]

    @Test("a refusal can be read, says why, and is on record", arguments: refused)
    func refusal(request: String, status: Int, words: String) throws {
        try Self.with { proxy, upstream in
            let client = try proxy.client()
            try client.send(request)
            let answer = try client.answer()
            #expect(answer.status == status)
            #expect(answer.message.contains(words), "\(answer.text)")
            #expect(answer.json?["type"]?.string == "error")
            #expect(answer.json?["request_id"]?.string == answer.fields["request-id"])
            client.close()
            eventually("the end is recorded") { proxy.trace.outcomes.count == 1 }
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("P121: a body over the limit gets a readable 413, announced or not, although it is not read")
    func tooLarge() throws {
        var limits = Limits()
        limits.maxBody = 100_000
        let large = [UInt8](repeating: 0x20, count: 3_000_000)
        try Self.with(limits: limits) { proxy, upstream in
            for head in [
                Wire.request("POST /v1/messages", length: large.count),
                "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
            ] {
                let client = try proxy.client()
                try client.send(head)
                let isChunked = head.contains("chunked")
                Thread.detachNewThread { [socket = client.socket] in
                    try? socket.send(isChunked ? Wire.chunked(large, size: 50_000) : large)
                }
                let answer = try client.answer()
                #expect(answer.status == 413 && answer.message.contains("the limit is 100000 bytes"))
                #expect(answer.json?["error"]?["type"]?.string == "request_too_large")
                #expect(answer.fields["connection"] == "close")
                client.socket.closeWriting()
                #expect(client.isClosedByPeer())
            }
            let bomb = try Pack.gzip(large)
            let client = try proxy.client()
            try client.send(Wire.request("POST /v1/messages", length: bomb.count, fields: "Content-Encoding: gzip\r\n"))
            try client.socket.send(bomb)
            #expect(try client.answer().status == 413)
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("a request that does not come to its end is given up", arguments: ["GET / HT", "POST /v1/messages"])
    func timeouts(beginning: String) throws {
        var limits = Limits()
        limits.headTimeoutMS = 60
        limits.bodyTimeoutMS = 60
        try Self.with(limits: limits) { proxy, _ in
            let client = try proxy.client()
            try client.send(beginning.hasPrefix("GET") ? beginning : Wire.request(beginning, length: 10) + "{")
            let answer = try client.answer()
            #expect(answer.status == 408 && answer.message.contains("60 ms"))
            #expect(answer.fields["connection"] == "close")
        }
    }

    @Test("an idle connection is closed without a word")
    func idle() throws {
        var limits = Limits()
        limits.keepAliveMS = 60
        try Self.with(limits: limits) { proxy, _ in
            let client = try proxy.client()
            try client.send(Wire.request("GET /health"))
            #expect(try client.answer().status == 200)
            #expect(client.isClosedByPeer())
        }
    }

    @Test("one connection too many is told so when all others are in use")
    func tooMany() throws {
        var limits = Limits()
        limits.maxConnections = 2
        let gate = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { _, reply in
            gate.wait()
            try reply.answer(200, Samples.message)
        }
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            for _ in 0..<2 { gate.signal() }
            proxy.stop()
            upstream.stop()
        }
        let first = try (0..<2).map { _ in try proxy.client() }
        for client in first { try client.send(Samples.request()) }
        eventually("both are at the service") { upstream.requests.count == 2 }
        let more = try proxy.client().answer()
        #expect(more.status == 503 && more.message.contains("more than 2 connections"))
    }
}
