/// Many clients at once, and requests that two parties could read differently.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct CrowdTests {
    @Test("one request too many is told to try again, and probes are still answered")
    func exchanges() throws {
        var limits = Limits()
        limits.maxExchanges = 2
        let gate = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { _, reply in
            gate.wait()
            try reply.answer(200, Samples.message)
        }
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            proxy.stop()
            upstream.stop()
        }
        let waiting = try (0..<2).map { _ in try proxy.client() }
        for client in waiting { try client.send(Samples.request()) }
        eventually("both are at the service") { upstream.requests.count == 2 }
        let more = try proxy.client()
        try more.send(Samples.request())
        let refused = try more.answer()
        #expect(refused.status == 529 && refused.message.contains("--max-streams"))
        #expect(refused.fields["retry-after"] == "1" && refused.fields["connection"] == nil)
        #expect(try proxy.ask("GET /health").status == 200)
        for _ in 0..<3 { gate.signal() }
        for client in waiting { #expect(try client.answer().status == 200) }
        try more.send(Samples.request())
        #expect(try more.answer().status == 200, "the connection goes on")
    }

    @Test("the connection that was idle for longest makes room; one whose request is being answered does not")
    func room() throws {
        var limits = Limits()
        limits.maxConnections = 3
        let gate = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { _, reply in
            gate.wait()
            try reply.answer(200, Samples.message)
        }
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer {
            gate.signal()
            proxy.stop()
            upstream.stop()
        }
        let busy = try proxy.client()
        try busy.send(Samples.request())
        eventually("the request is at the service") { upstream.requests.count == 1 }
        let loris = try proxy.client()
        try loris.send("GET / HT")
        let reading = try proxy.client()
        try reading.send(Wire.request("POST /v1/messages", length: 10) + "{")
        eventually("a body is being read") { proxy.openExchanges == 2 }
        #expect(try proxy.ask("GET /health").status == 200)
        #expect(loris.isClosedByPeer(within: 1000), "first the one without a request")
        let idle = try proxy.client()
        try idle.send(Wire.request("GET /health"))
        #expect(try idle.answer().status == 200)
        gate.signal()
        #expect(try busy.answer().status == 200)
    }

    @Test("a flood of connections that say nothing keeps nobody out")
    func connectionFlood() throws {
        try Abuse.with({ $0.maxConnections = 50 }) { proxy, _ in
            var flood: [Client] = []
            for number in 0..<300 {
                flood.append(try proxy.client())
                if number % 50 == 49 { #expect(try proxy.ask("POST /v1/messages", body: Samples.body()).status == 200) }
            }
        }
    }

    @Test("a flood of pipelined requests is answered in order, and others are served meanwhile")
    func pipelinedFlood() throws {
        try Abuse.with { proxy, _ in
            let client = try proxy.client()
            let flood = String(repeating: Wire.request("GET /health"), count: 20_000)
            Thread.detachNewThread { [socket = client.socket] in try? socket.send(flood) }
            Thread.detachNewThread { [socket = client.socket] in
                while let more = try? socket.receive(), !more.isEmpty {}
            }
            for _ in 0..<20 {
                let began = Monotonic.now()
                #expect(try proxy.ask("POST /v1/messages", body: Samples.body()).status == 200)
                #expect(Monotonic.now().milliseconds(since: began) < 2000)
            }
        }
    }

    // MARK: Two readings

    static let smuggling: [(String, Int)] = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400), ("Content-Length: +5\r\n", 400), ("Content-Length: 0x5\r\n", 400),
        ("Content-Length: 99999999999999999999\r\n", 413), ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: chunked, identity\r\n", 501), ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding: \u{0B}chunked\r\n", 400), ("X: a\r\n b\r\n", 400), (" X: a\r\n", 400),
        ("X: a\nTransfer-Encoding: chunked\r\n", 400), ("X: a\rContent-Length: 5\r\n", 400), ("X: a\0b\r\n", 400),
        ("Host: evil.example\r\n", 400),
    ]

    @Test("no second request comes out of a first one that two parties could read differently", arguments: smuggling)
    func smuggled(fields: String, status: Int) throws {
        try Abuse.with { proxy, upstream in
            let client = try proxy.client()
            try client.send(Abuse.post(fields, body: "0\r\n\r\n" + Samples.request(text: "smuggled")))
            #expect(try client.answer().status == status)
            #expect(client.isClosedByPeer())
            #expect(upstream.requests.isEmpty)
        }
    }
}
