/// Who may talk to the proxy.
import Testing

@testable import Intercept

struct GateTests {
    private let loopback = Gate(isLoopback: true)
    private static let secret = "abcdef0123456789"
    private static var token: AccessToken? { AccessToken(secret) }

    private static func head(
        _ fields: [(String, String)] = [], method: String = "GET", target: String = "/v1/messages?x=1"
    ) -> HTTPHead {
        HTTPHead(
            method: method, target: target, minorVersion: 1, headers: HTTPFields(fields.map { .init($0.0, $0.1) }))
    }

    private func admit(_ gate: Gate, _ head: HTTPHead) throws -> String {
        var head = head
        return try gate.admit(&head)
    }

    private func refusal(_ gate: Gate, _ head: HTTPHead) -> MessageError? {
        var head = head
        do throws(MessageError) { _ = try gate.admit(&head) } catch { return error }
        return nil
    }

    @Test(
        "names of this machine are let in",
        arguments: [
            "localhost", "LOCALHOST:8082", "127.0.0.1", "127.0.0.1:8082", "127.1.2.3", "[::1]", "[::1]:8082",
            "x.localhost",
        ])
    func localHost(host: String) throws {
        #expect(try admit(loopback, Self.head([("Host", host)])) == "/v1/messages")
    }

    @Test(
        "other names are refused on loopback, whatever they begin or end with",
        arguments: [
            "example.com", "localhost.example.com", "127.0.0.1.example.com", "127.example.com", "127.0.0.1x",
            "evil-localhost",
            "192.168.0.1", "[::2]", "user@example.com", "", "127.",
        ])
    func foreignHost(host: String) {
        let error = refusal(loopback, Self.head([("Host", host)]))
        #expect(error?.status == 421 && error?.shouldRetry == false)
        #expect(error?.message.contains("Host: \(host)") ?? false)
        #expect(error?.message.contains("--allow-host") ?? false)
    }

    @Test("garbage in Host is refused like any other name, and nothing breaks (CVE-2026-14631)")
    func garbageHost() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let host = String(decoding: bytes + Array("x".utf8), as: UTF8.self)
            #expect(refusal(loopback, Self.head([("Host", host)]))?.status == 421)
        }
        for host in ["[", "]", "[]", "[::1", ":", "@", "://", "[::1]x]", "a:b:c", "%00", "//", "?", "#"] {
            #expect(refusal(loopback, Self.head([("Host", host)]))?.status == 421, "\(host)")
        }
    }

    @Test("a name that was allowed is let in, with any port and in any case, and only that one")
    func allowedHost() throws {
        let gate = Gate(isLoopback: true, hosts: ["Proxy.Lan"])
        #expect(try admit(gate, Self.head([("Host", "proxy.LAN:9")])) == "/v1/messages")
        #expect(refusal(gate, Self.head([("Host", "x.proxy.lan")]))?.status == 421)
        #expect(refusal(gate, Self.head([("Host", "evil.com")]))?.message.contains("localhost, proxy.lan") ?? false)
    }

    @Test(
        "an address that others reach answers to addresses in numbers, and to no other name",
        arguments: [
            ("192.168.1.5:80", true), ("[fe80::1]:80", true), ("localhost", true), ("proxy.example.com", false),
            ("192.168.1.5.evil.com", false), ("300.1.1.1", false), ("[evil", false),
        ])
    func publicAddress(host: String, isIn: Bool) {
        let gate = Gate(token: Self.token, isLoopback: false)
        let head = Self.head([("Host", host)], target: "/k/\(Self.secret)/")
        #expect((refusal(gate, head) == nil) == isIn)
    }

    @Test(
        "browsers are refused",
        arguments: [
            ("Origin", "https://example.com"), ("origin", "null"), ("Origin", ""), ("Sec-Fetch-Site", "cross-site"),
            ("sec-fetch-site", "same-site"), ("Origin", "http://127.0.0.1:8082"),
        ])
    func browser(name: String, value: String) {
        let error = refusal(loopback, Self.head([(name, value)]))
        #expect(error?.status == 403 && error?.type == "permission_error" && error?.shouldRetry == false)
    }

    @Test(
        "a fetch of the same origin, by hand, or by Node is let in",
        arguments: [
            ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("sec-fetch-mode", "cors"),
            ("anthropic-dangerous-direct-browser-access", "true"),
        ])
    func noBrowser(name: String, value: String) throws {
        #expect(try admit(loopback, Self.head([(name, value)])) == "/v1/messages")
    }

    @Test("P129, P131: the path stands behind the token, and nothing else is served")
    func prefix() throws {
        let gate = Gate(token: Self.token, isLoopback: true)
        let secret = Self.secret
        #expect(try admit(gate, Self.head(target: "/k/\(secret)/v1/messages?beta=true")) == "/v1/messages")
        #expect(try admit(gate, Self.head(target: "/k/\(secret)")) == "/")
        #expect(try admit(gate, Self.head(target: "/k/\(secret)?x")) == "/")
        for target in [
            "/v1/messages", "/k/abcdef0123456780/v1/messages", "/k/abcdef012345678", "/", "/K/\(secret)/", "",
            "/k/xbcdef0123456789/v1/messages", "/k/\(secret)x/v1/messages", "/k/", "/k", "/k//\(secret)/",
            "/?token=\(secret)",
        ] {
            let error = refusal(gate, Self.head(target: target))
            #expect(error?.status == 401 && error?.type == "authentication_error", "\(target)")
            #expect(error?.shouldRetry == false)
            #expect(!(error?.message.contains(secret) ?? true), "the token is not told")
        }
    }

    @Test("the token may come in a field, which nobody behind the gate sees")
    func field() throws {
        let gate = Gate(token: Self.token, isLoopback: true)
        for (value, isIn) in [(Self.secret, true), (Self.secret + "x", false), ("", false), ("x", false)] {
            var head = Self.head([("X-ClaudeCodex-Token", value), ("a", "b")])
            #expect(((try? gate.admit(&head)) != nil) == isIn)
            #expect(head.headers.fields == [.init("a", "b")])
        }
        var head = Self.head([("x-claudecodex-token", "whatever")])
        #expect(try loopback.admit(&head) == "/v1/messages")
        #expect(head.headers.fields.isEmpty)
    }

    @Test(
        "credentials of the client are no token: they belong to the service", arguments: ["authorization", "x-api-key"])
    func credentials(name: String) {
        let gate = Gate(token: Self.token, isLoopback: true)
        #expect(refusal(gate, Self.head([(name, Self.secret)]))?.status == 401)
    }

    @Test("what is recorded of a refused request shows no token, right or wrong")
    func withoutToken() {
        let head = Self.head([("X-Claudecodex-Token", "abc")], target: "/k/secret/v1/messages?q")
        let shown = Gate.withoutToken(head)
        #expect(shown.path == "/k/[token]/v1/messages")
        #expect(shown.head.headers["x-claudecodex-token"] == "[token]")
        #expect(Gate.withoutToken(Self.head()).path == "/v1/messages")
    }

    @Test("a token compares whole, and says nothing about itself")
    func token() throws {
        let token = try #require(Self.token)
        #expect(token.matches(Array(Self.secret.utf8)[...]))
        for other in ["", "a", "abcdef012345678", "abcdef01234567899", "Abcdef0123456789", "abcdef012345678\0"] {
            #expect(!token.matches(Array(other.utf8)[...]))
        }
        #expect("\(token)" == "[token]")
        #expect(AccessToken.random().secret.utf8.count == 64 && AccessToken.random() != AccessToken.random())
        for bad in [
            "", "short", "with/slash/in/it.....", "with blank in it....", "with%41percent.......", "ü23456789012345",
        ] {
            #expect(AccessToken(bad) == nil)
        }
    }

    @Test(
        "other methods are refused with those that are served",
        arguments: ["OPTIONS", "PUT", "CONNECT", "TRACE", "BREW"])
    func method(method: String) {
        let error = refusal(loopback, Self.head(method: method))
        #expect(error?.status == 405 && error?.message.contains("GET, HEAD, POST, DELETE") ?? false)
    }

    @Test(
        "a path that could pass for another one is refused",
        arguments: [
            "/v1/files/../messages", "/v1/models/..", "/.", "//v1/messages", "/v1//messages", "/v1/%2e%2e/x",
            "/v1/models/%2E./x", "/v1/a%2fb", "/v1/a%5Cb", "/v1/a\\b", "/v1/a%00", "/v1/a%", "/v1/a%2", "/v1/a%zz",
            "http://evil.example/v1/messages", "v1/messages", "*", "",
        ])
    func strayPath(path: String) {
        let error = refusal(loopback, Self.head(target: path))
        #expect(error?.status == 400 && error?.message.contains("path \(path): expected a plain path") ?? false)
    }

    @Test(
        "plain paths are let in",
        arguments: ["/", "/v1/", "/v1/models/eu.anthropic%3Aclaude-5", "/.well-known/x", "/a/..b", "/a/.../c"])
    func plainPath(path: String) throws { #expect(try admit(loopback, Self.head(target: path)) == path) }

    @Test(
        "a body must say that it is JSON",
        arguments: [
            ("application/json", true), ("APPLICATION/JSON; charset=utf-8", true), ("application/json ;x", true),
            ("text/plain", false), ("multipart/form-data; boundary=x", false),
            ("application/x-www-form-urlencoded", false), ("application/jsonx", false), (nil, false), ("", false),
        ] as [(String?, Bool)])
    func contentType(type: String?, isTaken: Bool) {
        let error = refusal(loopback, Self.head(type.map { [("Content-Type", $0)] } ?? [], method: "POST"))
        #expect((error == nil) == isTaken)
        if let error {
            #expect(error.status == 415)
            #expect(error.message.contains("expected application/json"))
        }
    }
}
