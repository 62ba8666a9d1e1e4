/// Clients that go away, and a proxy that is told to stop.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct CancellingTests {
    /// How a client ends its connection.
    enum Leaving: CaseIterable { case closing, resetting }

    @Test(
        "P97, P99: a client that goes away ends its upstream's work within 100 ms",
        arguments: ["before", "stream", "translated"],
        Leaving.allCases)
    func clientGone(place: String, leaving: Leaving) throws {
        let gone = Locked<Monotonic?>(nil)
        let upstream = try ScriptedUpstream { _, reply in
            if place == "stream" {
                try reply.beginStream()
                try reply.chunk(Samples.start)
            } else if place == "translated" {
                try reply.beginStream()
                try reply.chunk(
                    #"data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"a"}}]}"# + "\n\n")
            }
            if reply.socket.waitForClose(within: 5000) != nil { gone.value = .now() }
        }
        let proxy =
            place == "translated" ? try Proxy(Samples.chat(upstream)) : try Proxy(Samples.passThrough(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: place != "before"))
        if place == "before" {
            eventually("the request has arrived") { upstream.requests.count == 1 }
        } else {
            _ = try client.head()
            _ = try client.read(until: "message_start")
        }
        let left = Monotonic.now()
        if leaving == .closing { client.close() } else { client.socket.reset() }
        eventually("the upstream is left alone") { gone.value != nil }
        #expect((gone.value ?? left).milliseconds(since: left) < 100)
        eventually("the end is recorded") { proxy.trace.outcomes == [.clientGone] }
        #expect(proxy.openExchanges == 0)
    }

    @Test("a client that only stopped sending is not taken for gone")
    func halfClosed() throws {
        let mayGoOn = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start)
            mayGoOn.wait()
            try reply.chunk(Samples.text("still here") + Samples.end())
            try reply.endStream()
        }
        let proxy = try Proxy(Samples.passThrough(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        _ = try client.head()
        _ = try client.read(until: "message_start")
        client.socket.closeWriting()
        _ = try client.read(until: ":")
        mayGoOn.signal()
        _ = try client.read(until: "message_stop")
        eventually("the end is recorded") { proxy.trace.outcomes == [.ok] }
    }

    @Test("draining lets open exchanges finish and takes no new ones")
    func drain() throws {
        let mayGoOn = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start)
            mayGoOn.wait()
            try reply.chunk(Samples.text("done") + Samples.end())
            try reply.endStream()
        }
        let proxy = try Proxy(Samples.passThrough(upstream))
        defer { proxy.stop() }
        let idle = try proxy.client()
        try idle.send(Wire.request("GET /ready"))
        #expect(try idle.answer().json?["ready"]?.bool == true)
        let busy = try proxy.client()
        try busy.send(Samples.request(stream: true))
        _ = try busy.head()
        let drained = proxy.drain()
        #expect(idle.isClosedByPeer(), "an idle connection is closed at once")
        #expect(throws: HarnessError.self) { try proxy.client() }
        #expect(proxy.openExchanges == 1)
        #expect(drained.wait(timeout: .now() + 0.02) == .timedOut)
        mayGoOn.signal()
        _ = try busy.read(until: "message_stop")
        #expect(busy.isClosedByPeer())
        #expect(drained.wait(timeout: .now() + 5) == .success)
        #expect(proxy.trace.outcomes.last == .ok)
    }

    @Test("a drain that takes too long ends what is left")
    func drainLimit() throws {
        var limits = Limits()
        limits.drainMS = 50
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start)
            _ = reply.socket.waitForClose(within: 5000)
        }
        let proxy = try Proxy(Samples.passThrough(upstream), limits: limits)
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        _ = try client.head()
        #expect(proxy.drain().wait(timeout: .now() + 5) == .success)
        #expect(client.isClosedByPeer())
        eventually("the end is recorded") { proxy.trace.outcomes == [.clientGone] }
    }

    @Test("a client that does not read holds its upstream back and does not fill the memory")
    func backPressure() throws {
        let sent = Locked(0)
        let upstream = try ScriptedUpstream { _, reply in
            try reply.beginStream()
            try reply.chunk(Samples.start)
            let piece = ": " + String(repeating: "x", count: 60_000) + "\n\n"
            for _ in 0..<1000 {
                try reply.chunk(piece)
                sent.change { $0 += piece.utf8.count }
            }
        }
        let proxy = try Proxy(Samples.passThrough(upstream))
        defer { proxy.stop() }
        let client = try proxy.client()
        try client.send(Samples.request(stream: true))
        _ = try client.head()
        var last = -1
        var quiet = 0
        eventually("the upstream waits", within: 8000) {
            let now = sent.value
            quiet = now == last ? quiet + 1 : 0
            last = now
            return quiet > 200
        }
        #expect(sent.value < 40_000_000, "of 60 MB")
        client.close()
        eventually("the end is recorded") { proxy.trace.outcomes == [.clientGone] }
    }
}
