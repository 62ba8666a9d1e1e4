/// The gate over real sockets: who is let in, what is said to the others, and what is kept of it.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct AccessTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    private static func with(
        token: String? = nil, hosts: [String] = [], _ body: (Proxy, ScriptedUpstream) throws -> Void
    ) throws {
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Samples.message) }
        let proxy = try Proxy(
            Samples.passThrough(upstream), token: token.flatMap { AccessToken($0) }, hosts: hosts)
        defer {
            proxy.stop()
            upstream.stop()
        }
        try body(proxy, upstream)
    }

    @Test("with a token in the path or in its field everything works, and it goes no further")
    func token() throws {
        try Self.with(token: Self.secret) { proxy, upstream in
            let body = Samples.body()
            #expect(try proxy.ask("POST /k/\(Self.secret)/v1/messages?beta=true", body: body).status == 200)
            let client = try proxy.client()
            try client.send(
                Wire.request("POST /v1/messages", body: body, fields: "X-Claudecodex-Token: \(Self.secret)\r\n"))
            #expect(try client.answer().status == 200)
            #expect(upstream.requests.map(\.target) == ["/v1/messages?beta=true", "/v1/messages"])
            #expect(upstream.requests.allSatisfy { $0.fields["x-claudecodex-token"] == nil })
            Self.expectNoToken(proxy)
        }
    }

    @Test(
        "without it nothing is served, not even health, and the refusal is on record without what was shown",
        arguments: ["GET /health", "GET /", "POST /v1/messages", "GET /k/wrong-token-that-is-nearly-right/health"])
    func noToken(line: String) throws {
        try Self.with(token: Self.secret) { proxy, upstream in
            let answer = try proxy.ask(line, body: line.hasPrefix("POST") ? Samples.body() : "")
            #expect(answer.status == 401 && answer.fields["x-should-retry"] == "false")
            #expect(answer.json?["error"]?["type"]?.string == "authentication_error")
            #expect(answer.message.contains("x-claudecodex-token"))
            eventually("the end is recorded") { proxy.trace.outcomes == [.refused] }
            #expect(proxy.trace.errors.map(\.stage) == ["gate"])
            #expect(!proxy.trace.paths.contains { $0.contains("wrong-token") })
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("a request that fails behind the gate leaves no token in the trace either")
    func noTokenInTrace() throws {
        try Self.with(token: Self.secret) { proxy, _ in
            for fields in ["Content-Length: x\r\n", "Expect: nothing\r\nContent-Length: 2\r\n"] {
                let client = try proxy.client()
                try client.send(
                    "POST /k/\(Self.secret)/v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "X-Claudecodex-Token: \(Self.secret)\r\n\(fields)\r\n{}")
                #expect(try client.answer().status >= 400)
            }
            eventually("the ends are recorded") { proxy.trace.outcomes.count == 2 }
            Self.expectNoToken(proxy)
        }
    }

    private static func expectNoToken(_ proxy: Proxy) {
        for moment in proxy.trace.all {
            guard case .request(let request) = moment.event else { continue }
            #expect(!request.path.contains(secret))
            #expect(!request.headers.fields.contains { $0.value.contains(secret) })
        }
    }

    @Test("a name that was allowed is answered")
    func host() throws {
        try Self.with(hosts: ["host.docker.internal"]) { proxy, _ in
            for (host, status) in [("host.docker.internal:8082", 200), ("evil.example", 421)] {
                let client = try proxy.client()
                try client.send("GET /health HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                #expect(try client.answer().status == status)
            }
        }
    }

    @Test("a preflight request gets no CORS field, but 405 and the methods there are")
    func preflight() throws {
        try Self.with { proxy, _ in
            let client = try proxy.client()
            try client.send(
                "OPTIONS /v1/messages HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Method: POST\r\n\r\n")
            let answer = try client.answer()
            #expect(answer.status == 405 && answer.fields["allow"] == "GET, HEAD, POST, DELETE")
            #expect(!answer.fields.contains { $0.name.lowercased().hasPrefix("access-control") })
            for line in ["GET /health", "GET /nothing"] {
                #expect(try !proxy.ask(line).fields.contains { $0.name.lowercased().hasPrefix("access-control") })
            }
        }
    }

    @Test(
        "no path leads past the list to the service",
        arguments: [
            "/v1/files/../../internal", "/v1/models/%2e%2e/%2e%2e/internal", "/v1//models", "/v1/modelsx", "/v1/filesx",
            "/v1/messages/batchesx", "/internal", "http://evil.example/v1/models",
        ])
    func stray(path: String) throws {
        try Self.with { proxy, upstream in
            let status = try proxy.ask("GET \(path)").status
            #expect([400, 404, 501].contains(status))
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("a unix socket is its owner's alone, and answers")
    func unixSocket() throws {
        let path = NSTemporaryDirectory() + "claudecodex-\(UInt32.random(in: 0 ... .max)).sock"
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Samples.message) }
        let proxy = try Proxy(Samples.passThrough(upstream), listen: .unix(path: path))
        defer {
            proxy.stop()
            upstream.stop()
        }
        var info = stat()
        #expect(stat(path, &info) == 0 && info.st_mode & 0o777 == 0o600)
        let client = try Client(path: path)
        try client.send(Wire.request("GET /health"))
        #expect(try client.answer().status == 200)
    }
}

extension Trace {
    /// The paths of all requests, as they are recorded.
    var paths: [String] {
        all.compactMap { if case .request(let request) = $0.event { request.path } else { nil } }
    }
}
