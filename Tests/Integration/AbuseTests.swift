/// Clients that mean harm, or are broken: each is told so or cut off, and the proxy goes on answering others.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// A proxy in front of a service that answers everything.
enum Abuse {
    static func with(
        _ change: (inout Limits) -> Void = { _ in }, _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        var limits = Limits()
        change(&limits)
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Samples.message) }
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
        #expect(try proxy.ask("GET /health").status == 200, "still there for others")
    }

    static func post(_ fields: String, body: String = "") -> String {
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\(fields)\r\n" + body
    }
}

struct AbuseTests {
    @Test("slow loris: a head that comes byte by byte must be complete in time all the same")
    func slowHead() throws {
        try Abuse.with({ $0.headTimeoutMS = 200 }) { proxy, _ in
            let client = try proxy.client()
            let began = Monotonic.now()
            for byte in Array("GET / HTTP/1.1\r\nX-Slow: ".utf8) + [UInt8](repeating: 0x61, count: 200) {
                guard (try? client.socket.send([byte])) != nil, Monotonic.now().milliseconds(since: began) < 3000 else {
                    break
                }
                usleep(10_000)
            }
            let answer = try client.answer()
            #expect(answer.status == 408 && answer.message.contains("200 ms"))
            #expect(Monotonic.now().milliseconds(since: began) < 3000)
        }
    }

    @Test("slow loris: a body that never falls silent must still come fast enough")
    func slowBody() throws {
        try Abuse.with({
            $0.bodyTimeoutMS = 200
            $0.bodyRate = 1000
        }) { proxy, _ in
            let client = try proxy.client()
            try client.send(Wire.request("POST /v1/messages", length: 100_000))
            let began = Monotonic.now()
            while Monotonic.now().milliseconds(since: began) < 4000, (try? client.socket.send([0x20])) != nil {
                usleep(20_000)
            }
            #expect(Monotonic.now().milliseconds(since: began) < 3000)
            let answer = try client.answer()
            #expect(answer.status == 408 && answer.message.contains("fewer than 1000 a second"), "\(answer.text)")
        }
    }

    @Test("a body that is slow but fast enough is taken, though it takes longer than the time of silence")
    func steadyBody() throws {
        try Abuse.with({
            $0.bodyTimeoutMS = 150
            $0.bodyRate = 100
        }) { proxy, _ in
            let body = Samples.body(text: String(repeating: "x", count: 400))
            let client = try proxy.client()
            try client.send(Wire.request("POST /v1/messages", length: body.utf8.count))
            for piece in stride(from: 0, to: body.utf8.count, by: 50) {
                try client.socket.send(Array(Array(body.utf8)[piece..<min(piece + 50, body.utf8.count)]))
                usleep(40_000)
            }
            #expect(try client.answer().status == 200)
        }
    }

    @Test("a client that does not take its answer is cut off, and that is on record")
    func slowReader() throws {
        var limits = Limits()
        limits.writeTimeoutMS = 200
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start)
            while true { try reply.chunk(Samples.text(String(repeating: "x", count: 60_000))) }
        }
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        eventually("the client is given up") { proxy.trace.outcomes == [.clientGone] }
        #expect(proxy.trace.errors.map(\.message) == ["the client took nothing of its answer for 200 ms"])
        client.close()
    }

    // MARK: Too much

    @Test("floods of header fields and endless heads are refused with 431")
    func headerFlood() throws {
        try Abuse.with { proxy, upstream in
            let many = (0..<10_000).map { "X-\($0): \($0)\r\n" }.joined()
            let some = (0..<200).map { "X-\($0): \($0)\r\n" }.joined()
            let long = "X-Long: " + String(repeating: "x", count: 20_000) + "\r\n"
            for (fields, words) in [
                (many, "65536 bytes"), (some, "128 header fields"), (long, "the limit is 16384 bytes"),
            ] {
                let client = try proxy.client()
                Thread.detachNewThread { [socket = client.socket] in try? socket.send(Abuse.post(fields)) }
                let answer = try client.answer()
                #expect(answer.status == 431 && answer.message.contains(words), "\(answer.text)")
                #expect(client.isClosedByPeer())
            }
            let client = try proxy.client()
            try client.send("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try client.answer().status == 414)
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("bodies together have a limit: one too many is told to try again, and there is room when another ends")
    func bodiesTogether() throws {
        try Abuse.with({ $0.maxBodies = 100_000 }) { proxy, _ in
            let first = try proxy.client()
            try first.send(Wire.request("POST /v1/messages", length: 90_000))
            try first.socket.send([UInt8](repeating: 0x20, count: 80_000))
            let body = Samples.body(text: String(repeating: "x", count: 50_000))
            try eventually("the second is refused") {
                let answer = try proxy.ask("POST /v1/messages", body: body)
                return answer.status == 529 && answer.fields["retry-after"] == "1"
                    && answer.message.contains("the limit is 100000") && answer.fields["x-should-retry"] == nil
            }
            first.socket.reset()
            try eventually("there is room again") { try proxy.ask("POST /v1/messages", body: body).status == 200 }
        }
    }

    @Test("a gzip bomb is refused, also in its second member")
    func bomb() throws {
        try Abuse.with { proxy, upstream in
            let zeros = try Pack.gzip([UInt8](repeating: 0x20, count: 16 << 20))
            let fewer = try Pack.gzip([UInt8](repeating: 0x20, count: 3 << 20))
            for (packed, words) in [(zeros, "250 times"), (fewer + zeros, "250 times")] {
                let client = try proxy.client()
                try client.send(
                    Wire.request("POST /v1/messages", length: packed.count, fields: "Content-Encoding: gzip\r\n"))
                try client.socket.send(packed)
                let answer = try client.answer()
                #expect(answer.status == 413 && answer.message.contains(words), "\(answer.text)")
            }
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("a packed body of several members goes on whole")
    func members() throws {
        try Abuse.with { proxy, upstream in
            let body = Array(Samples.body(text: "members").utf8)
            let packed = try Pack.gzip(Array(body.prefix(20))) + Pack.gzip(Array(body.dropFirst(20)))
            let client = try proxy.client()
            try client.send(
                Wire.request("POST /v1/messages", length: packed.count, fields: "Content-Encoding: gzip\r\n"))
            try client.socket.send(packed)
            #expect(try client.answer().status == 200)
            #expect(upstream.requests.map(\.body) == [body])
        }
    }

    @Test("JSON that nests too deep is refused with the place")
    func depth() throws {
        try Abuse.with { proxy, upstream in
            let body = String(repeating: "[", count: 100_000)
            let answer = try proxy.ask("POST /v1/messages", body: body)
            #expect(answer.status == 400 && answer.message.contains("at byte"), "\(answer.text)")
            #expect(upstream.requests.isEmpty)
        }
    }
}
