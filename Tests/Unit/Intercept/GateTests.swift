/// Who may talk to the proxy.
import Testing

@testable import Intercept

struct GateTests {
    private let loopback = Gate(pathPrefix: nil, isLoopback: true)

    private func head(_ fields: [(String, String)] = [], target: String = "/v1/messages?x=1") -> HTTPHead {
        HTTPHead(
            method: "POST", target: target, minorVersion: 1, headers: HTTPFields(fields.map { .init($0.0, $0.1) }))
    }

    @Test(
        "names of this machine are let in",
        arguments: [
            "localhost", "LOCALHOST:8082", "127.0.0.1", "127.0.0.1:8082", "127.1.2.3", "[::1]", "[::1]:8082",
            "x.localhost",
        ])
    func localHost(host: String) throws {
        #expect(try loopback.admit(head([("Host", host)])) == "/v1/messages")
    }

    @Test(
        "other names are refused on loopback, whatever they begin or end with",
        arguments: [
            "example.com", "localhost.example.com", "127.0.0.1.example.com", "127.example.com", "127.0.0.1x",
            "evil-localhost",
            "192.168.0.1", "[::2]", "user@example.com", "", "127.",
        ])
    func foreignHost(host: String) {
        let error = #expect(throws: MessageError.self) { try loopback.admit(head([("Host", host)])) }
        #expect(error?.status == 421 && error?.shouldRetry == false)
        #expect(error?.message.contains("Host: \(host)") ?? false)
    }

    @Test("a public address takes any name")
    func publicAddress() throws {
        let gate = Gate(pathPrefix: nil, isLoopback: false)
        #expect(try gate.admit(head([("Host", "proxy.example.com")])) == "/v1/messages")
    }

    @Test(
        "browsers are refused",
        arguments: [
            ("Origin", "https://example.com"), ("origin", "null"), ("Origin", ""), ("Sec-Fetch-Site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ])
    func browser(name: String, value: String) {
        let error = #expect(throws: MessageError.self) { try loopback.admit(head([(name, value)])) }
        #expect(error?.status == 403 && error?.type == "permission_error")
    }

    @Test("a fetch of the same origin, or by hand, is let in", arguments: ["same-origin", "none"])
    func sameOrigin(site: String) throws {
        #expect(try loopback.admit(head([("Sec-Fetch-Site", site)])) == "/v1/messages")
    }

    @Test("P129, P131: the path stands behind the token, and nothing else is served")
    func prefix() throws {
        let gate = Gate(pathPrefix: "/k/abc123", isLoopback: true)
        #expect(try gate.admit(head(target: "/k/abc123/v1/messages?beta=true")) == "/v1/messages")
        #expect(try gate.admit(head(target: "/k/abc123")) == "/")
        #expect(try gate.admit(head(target: "/k/abc123?x")) == "/")
        for target in [
            "/v1/messages", "/k/abc124/v1/messages", "/k/abc12", "/", "/K/abc123/", "", "/k/xbc123/v1/messages",
        ] {
            let error = #expect(throws: MessageError.self) { try gate.admit(head(target: target)) }
            #expect(error?.status == 404)
            #expect(!(error?.message.contains("abc123") ?? true), "the token is not told")
        }
    }

    @Test(
        "a body must say that it is JSON",
        arguments: [
            ("application/json", true), ("APPLICATION/JSON; charset=utf-8", true), ("application/json ;x", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false), ("application/jsonx", false), (nil, false), ("", false),
        ] as [(String?, Bool)])
    func contentType(type: String?, isTaken: Bool) {
        let head = head(type.map { [("Content-Type", $0)] } ?? [])
        if isTaken {
            #expect(throws: Never.self) { try loopback.checkContentType(head) }
        } else {
            let error = #expect(throws: MessageError.self) { try loopback.checkContentType(head) }
            #expect(error?.status == 415)
            #expect(error?.message.contains("expected application/json") ?? false)
        }
    }
}
