/// Request heads: what is read, and what is refused because two parties could read it differently.
import Testing

@testable import Intercept

struct HTTPHeadTests {
    static func parse(_ text: String, _ limits: HeadLimits = HeadLimits()) throws -> HTTPHead {
        let bytes = Array(text.utf8)
        var searched = 0
        let end = try #require(HTTPHeadParser.end(of: bytes, from: 0, searched: &searched))
        return try HTTPHeadParser.parse(bytes, 0..<end, limits)
    }

    private static let least = "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"

    @Test("method, target, version and fields in their order")
    func whole() throws {
        let head = try Self.parse(
            "POST /v1/messages?beta=true&x HTTP/1.1\r\nHost: localhost:80\r\nX-B:  two words \t\r\nx-a:\r\nX-B: again\r\n\r\n"
        )
        #expect(head.method == "POST")
        #expect(head.path == "/v1/messages")
        #expect(head.query == "beta=true&x")
        #expect(head.minorVersion == 1)
        #expect(head.headers.fields.map(\.name) == ["Host", "X-B", "x-a", "X-B"])
        #expect(head.headers.values("x-b") == ["two words", "again"])
        #expect(head.headers["X-A"] == "")
    }

    @Test("a target without a question mark has no query")
    func noQuery() throws {
        #expect(try Self.parse("GET / HTTP/1.0\r\n\r\n").query == nil)
        #expect(try Self.parse("GET /? HTTP/1.0\r\n\r\n").query == "")
    }

    @Test("the end is found however the head comes in")
    func end() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST".utf8)
        let end = bytes.count - 4
        for step in 1...bytes.count {
            var searched = 0
            var found: Int?
            var have = 0
            while found == nil, have < bytes.count {
                have = min(have + step, bytes.count)
                found = HTTPHeadParser.end(of: Array(bytes[..<have]), from: 0, searched: &searched)
                #expect(found == nil || have >= end)
            }
            #expect(found == end, "in steps of \(step)")
        }
    }

    @Test(
        "the end is not found in what only looks like it",
        arguments: ["\r\n\r", "\n\n", "\r\r\n", "a\r\nb\r\n", "\r\n\n\r\n"])
    func noEnd(text: String) {
        var searched = 0
        #expect(HTTPHeadParser.end(of: Array(text.utf8), from: 0, searched: &searched) == nil)
    }

    static let refused: [(String, Int, String)] = [
        ("\(least) folded: x\r\n\r\n", 400, "begins with a space"),
        ("\(least)A: b\r\n\tc\r\n\r\n", 400, "begins with a space"),
        ("\(least)Content-Length : 5\r\n\r\n", 400, "malformed header name"),
        ("\(least)A b: c\r\n\r\n", 400, "malformed header name"),
        ("\(least): c\r\n\r\n", 400, "malformed header name"),
        ("\(least)no colon\r\n\r\n", 400, "malformed header name"),
        ("\(least)A\u{0}: c\r\n\r\n", 400, "malformed header name"),
        ("\(least)é: c\r\n\r\n", 400, "malformed header name"),
        ("\(least)A: b\nC: d\r\n\r\n", 400, "line feed without"),
        ("\(least)A: b\rC: d\r\n\r\n", 400, "carriage return without"),
        ("\(least)A: b\u{0}c\r\n\r\n", 400, "control character"),
        ("\(least)A: b\u{7F}c\r\n\r\n", 400, "control character"),
        ("\(least)A: b\u{1B}c\r\n\r\n", 400, "control character"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400, "more than one Host"),
        ("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n", 400, "more than one Host"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 505, "HTTP/1.1"),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "request line"),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"),
        ("GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"),
        ("GET /\r\nHost: a\r\n\r\n", 400, "request line"),
        ("G{T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"),
        ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"),
        ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", 400, "request line"),
    ]

    @Test("what two parties could read differently is refused", arguments: refused)
    func refusal(text: String, status: Int, words: String) {
        let error = #expect(throws: HTTPError.self) { try Self.parse(text) }
        #expect(error?.status == status)
        #expect(error?.message.contains(words) ?? false, "\(error?.message ?? "")")
    }

    @Test("an HTTP/1.0 request needs no Host")
    func noHostNeeded() throws {
        #expect(try Self.parse("GET / HTTP/1.0\r\n\r\n").minorVersion == 0)
    }

    @Test("too long a line and too many fields are refused with 431, too long a request line with 414")
    func limits() {
        var limits = HeadLimits()
        limits.line = 40
        limits.fields = 3
        let long = "GET / HTTP/1.1\r\nHost: a\r\nA: " + String(repeating: "x", count: 38) + "\r\n\r\n"
        #expect(throws: HTTPError(431, "a header line of 41 bytes: the limit is 40 bytes")) {
            try Self.parse(long, limits)
        }
        let fields = (0..<3).map { "A\($0): b\r\n" }.joined()
        #expect(throws: HTTPError(431, "more than 3 header fields; send fewer")) {
            try Self.parse("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", limits)
        }
        let target = String(repeating: "x", count: 40)
        #expect(throws: HTTPError(414, "a request line of 54 bytes: the limit is 40 bytes")) {
            try Self.parse("GET /\(target) HTTP/1.1\r\nHost: a\r\n\r\n", limits)
        }
        #expect(throws: Never.self) { try Self.parse("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n", limits) }
    }

    @Test(
        "whether a connection goes on",
        arguments: [
            (1, nil, true), (1, "close", false), (1, "Keep-Alive", true), (1, "x, CLOSE", false), (0, nil, false),
            (0, "keep-alive", true), (0, "close, keep-alive", false),
        ] as [(Int, String?, Bool)])
    func keepAlive(minor: Int, field: String?, expected: Bool) {
        var fields = HTTPFields()
        fields["Connection"] = field
        #expect(HTTPHead(method: "GET", target: "/", minorVersion: minor, headers: fields).keepsAlive == expected)
    }
}

struct HTTPFramingTests {
    private func framing(_ fields: [(String, String)], minor: Int = 1) throws -> HTTPHead.Framing {
        let head = HTTPHead(
            method: "POST", target: "/", minorVersion: minor,
            headers: HTTPFields(fields.map { HTTPFields.Field($0.0, $0.1) }))
        return try head.framing()
    }

    @Test("a length, chunks, or nothing")
    func understood() throws {
        #expect(try framing([]) == .none)
        #expect(try framing([("content-length", "0")]) == .none)
        #expect(try framing([("Content-Length", "12")]) == .length(12))
        #expect(try framing([("Content-Length", "0012")]) == .length(12))
        #expect(try framing([("Transfer-Encoding", "Chunked")]) == .chunked)
    }

    static let refused: [([(String, String)], Int, Int)] = [
        ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], 1, 400),
        ([("Content-Length", "5"), ("content-length", "6")], 1, 400),
        ([("Content-Length", "5"), ("content-length", "5")], 1, 400),
        ([("Content-Length", "5, 5")], 1, 400), ([("Content-Length", "-5")], 1, 400),
        ([("Content-Length", "+5")], 1, 400), ([("Content-Length", "5x")], 1, 400),
        ([("Content-Length", "0x5")], 1, 400), ([("Content-Length", "")], 1, 400),
        ([("Content-Length", "99999999999999999999")], 1, 413),
        ([("Transfer-Encoding", "chunked")], 0, 400), ([("Transfer-Encoding", "gzip, chunked")], 1, 501),
        ([("Transfer-Encoding", "chunked, chunked")], 1, 501), ([("Transfer-Encoding", "xchunked")], 1, 501),
        ([("Transfer-Encoding", "identity")], 1, 501),
        ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], 1, 501),
        ([("Transfer-Encoding", "")], 1, 501),
    ]

    @Test("every form of request smuggling is refused", arguments: refused)
    func smuggling(fields: [(String, String)], minor: Int, status: Int) {
        let error = #expect(throws: HTTPError.self) { try framing(fields, minor: minor) }
        #expect(error?.status == status)
    }
}
