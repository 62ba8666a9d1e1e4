/// The first line and the header fields of a request.
public struct HTTPHead: Sendable, Equatable {
    public let method: String
    /// The target as received: path and query.
    public let target: String
    /// The 1 of HTTP/1.1.
    public let minorVersion: Int
    public var headers: HTTPFields

    /// The target up to `?`.
    public let path: String
    /// What stands behind `?`, or nil.
    public let query: String?

    init(method: String, target: String, minorVersion: Int, headers: HTTPFields) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.headers = headers
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        path = mark.map { String(target[..<$0]) } ?? target
        query = mark.map { String(target[target.utf8.index(after: $0)...]) }
    }

    /// Whether the connection may carry another request.
    public var keepsAlive: Bool {
        if headers.lists("connection", "close") { return false }
        return minorVersion >= 1 || headers.lists("connection", "keep-alive")
    }

    /// How the body's end is known.
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// RFC 9112 section 6, strictly: whatever two parties could read differently is refused.
    func framing() throws(HTTPError) -> Framing {
        let lengths = headers.values("content-length")
        let codings = headers.values("transfer-encoding")
        if !codings.isEmpty {
            guard lengths.isEmpty else { throw HTTPError(400, "both Content-Length and Transfer-Encoding") }
            guard minorVersion >= 1 else { throw HTTPError(400, "Transfer-Encoding in an HTTP/1.0 request") }
            guard codings.count == 1, HTTPFields.same(codings[0], "chunked") else {
                throw HTTPError(
                    501, "Transfer-Encoding: \(codings.joined(separator: ", ")): only chunked is understood")
            }
            return .chunked
        }
        guard let first = lengths.first else { return .none }
        guard lengths.count == 1, !first.isEmpty, first.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw HTTPError(400, "Content-Length: \(lengths.joined(separator: ", ")): expected one whole number")
        }
        guard let length = Int(first) else { throw HTTPError(413, "Content-Length: \(first) is too large") }
        return length == 0 ? .none : .length(length)
    }
}

/// A request that cannot be answered on the level of the Messages API. The connection is closed behind it.
public struct HTTPError: Error, Sendable, Equatable {
    public let status: Int
    public let message: String

    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// How large a request head may be.
public struct HeadLimits: Sendable, Equatable {
    /// Bytes of one line.
    public var line = 16 << 10
    /// Bytes of all lines.
    public var total = 64 << 10
    public var fields = 128

    public init() {}
}

/// Reads request heads (RFC 9112): line ends are CRLF, names are tokens, values hold no control characters, there is no
/// folding. A pure function of the bytes.
enum HTTPHeadParser {
    /// Index behind the empty line that ends the head, or nil while it has not come. `searched` is where the last
    /// search stopped.
    static func end(of bytes: [UInt8], from start: Int, searched: inout Int) -> Int? {
        var at = max(start, searched - 3)
        while at + 3 < bytes.count {
            // A line feed can only be the second or fourth of the four bytes sought.
            if bytes[at + 3] != 0x0A {
                at += bytes[at + 3] == 0x0D ? 1 : bytes[at + 3] > 0x0D ? 4 : 1
                continue
            }
            if bytes[at] == 0x0D, bytes[at + 1] == 0x0A, bytes[at + 2] == 0x0D { return at + 4 }
            at += 1
        }
        searched = bytes.count
        return nil
    }

    /// Whether some line ends without a carriage return: such a head will never be complete.
    static func hasBareLineFeed(_ bytes: [UInt8], from start: Int) -> Bool {
        var at = start
        while at < bytes.count {
            if bytes[at] == 0x0A, at == start || bytes[at - 1] != 0x0D { return true }
            at += 1
        }
        return false
    }

    /// Parses `bytes[range]`, a whole head with its empty line.
    static func parse(_ bytes: [UInt8], _ range: Range<Int>, _ limits: HeadLimits) throws(HTTPError) -> HTTPHead {
        var at = range.lowerBound
        let requestLine = try line(bytes, &at, range.upperBound, limits, isFirst: true)
        var head = try requestHead(bytes, requestLine)
        head.headers.fields.reserveCapacity(24)
        while true {
            let line = try line(bytes, &at, range.upperBound, limits)
            if line.isEmpty { break }
            guard head.headers.fields.count < limits.fields else {
                throw HTTPError(431, "more than \(limits.fields) header fields; send fewer")
            }
            head.headers.fields.append(try field(bytes, line))
        }
        try checkHost(head)
        return head
    }

    private static func line(
        _ bytes: [UInt8], _ at: inout Int, _ end: Int, _ limits: HeadLimits, isFirst: Bool = false
    ) throws(HTTPError) -> Range<Int> {
        let start = at
        while at < end, bytes[at] != 0x0D {
            if bytes[at] == 0x0A { throw HTTPError(400, "a line feed without a carriage return in the request head") }
            at += 1
        }
        guard at + 1 < end, bytes[at + 1] == 0x0A else {
            throw HTTPError(400, "a carriage return without a line feed in the request head")
        }
        guard at - start <= limits.line else {
            throw isFirst
                ? HTTPError(414, "a request line of \(at - start) bytes: the limit is \(limits.line) bytes")
                : HTTPError(431, "a header line of \(at - start) bytes: the limit is \(limits.line) bytes")
        }
        defer { at += 2 }
        return start..<at
    }

    private static func requestHead(_ bytes: [UInt8], _ line: Range<Int>) throws(HTTPError) -> HTTPHead {
        let parts = bytes[line].split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isToken),
            !parts[1].isEmpty, parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw HTTPError(400, "malformed request line") }
        let version = String(decoding: parts[2], as: UTF8.self)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw HTTPError(505, "expected HTTP/1.1 or HTTP/1.0 at the end of the request line")
        }
        return HTTPHead(
            method: String(decoding: parts[0], as: UTF8.self), target: String(decoding: parts[1], as: UTF8.self),
            minorVersion: version == "HTTP/1.1" ? 1 : 0, headers: HTTPFields())
    }

    private static func field(_ bytes: [UInt8], _ line: Range<Int>) throws(HTTPError) -> HTTPFields.Field {
        if bytes[line.lowerBound] == 0x20 || bytes[line.lowerBound] == 0x09 {
            throw HTTPError(400, "a header line begins with a space (folded lines are not accepted)")
        }
        guard let colon = bytes[line].firstIndex(of: UInt8(ascii: ":")), colon > line.lowerBound,
            bytes[line.lowerBound..<colon].allSatisfy(isToken)
        else { throw HTTPError(400, "malformed header name") }
        var from = colon + 1
        var to = line.upperBound
        while from < to, bytes[from] == 0x20 || bytes[from] == 0x09 { from += 1 }
        while from < to, bytes[to - 1] == 0x20 || bytes[to - 1] == 0x09 { to -= 1 }
        for index in from..<to where bytes[index] < 0x20 && bytes[index] != 0x09 || bytes[index] == 0x7F {
            throw HTTPError(400, "a control character in a header value")
        }
        return HTTPFields.Field(
            String(decoding: bytes[line.lowerBound..<colon], as: UTF8.self),
            String(decoding: bytes[from..<to], as: UTF8.self))
    }

    private static func checkHost(_ head: HTTPHead) throws(HTTPError) {
        let hosts = head.headers.values("host").count
        if hosts > 1 { throw HTTPError(400, "more than one Host header") }
        if hosts == 0, head.minorVersion >= 1 { throw HTTPError(400, "no Host header") }
    }

    /// RFC 9110 section 5.6.2.
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
