/// Answer heads and bodies as bytes.
enum HTTPWriter {
    /// A complete answer in one piece.
    static func answer(
        _ status: Int, _ fields: HTTPFields, body: [UInt8], keepAlive: Bool, withoutBody: Bool = false
    ) -> [UInt8] {
        var out = head(status, fields, extra: body.count)
        append(&out, "Content-Length: ")
        out.append(contentsOf: String(body.count).utf8)
        append(&out, keepAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n")
        if !withoutBody { out.append(contentsOf: body) }
        return out
    }

    /// The head of an answer whose length is not known yet: chunked for HTTP/1.1, ended by closing for HTTP/1.0.
    static func streamHead(_ status: Int, _ fields: HTTPFields, chunked: Bool, keepAlive: Bool) -> [UInt8] {
        var out = head(status, fields, extra: 64)
        if chunked { append(&out, "Transfer-Encoding: chunked\r\n") }
        append(&out, keepAlive && chunked ? "\r\n" : "Connection: close\r\n\r\n")
        return out
    }

    /// Appends `bytes` as one chunk.
    static func chunk(_ bytes: [UInt8], into out: inout [UInt8]) {
        out.append(contentsOf: String(bytes.count, radix: 16).utf8)
        append(&out, "\r\n")
        out.append(contentsOf: bytes)
        append(&out, "\r\n")
    }

    static let lastChunk: [UInt8] = Array("0\r\n\r\n".utf8)
    static let `continue`: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    /// An interim answer that changes nothing for a client that listens, and is answered by a reset from one that is gone.
    static let processing: [UInt8] = Array("HTTP/1.1 102 Processing\r\n\r\n".utf8)

    /// An event-stream comment as a chunk.
    static let commentChunk: [UInt8] = Array("3\r\n:\n\n\r\n".utf8)

    private static func head(_ status: Int, _ fields: HTTPFields, extra: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256 + fields.fields.count * 48 + extra)
        append(&out, "HTTP/1.1 ")
        out.append(contentsOf: String(status).utf8)
        append(&out, " ")
        out.append(contentsOf: reason(status).utf8)
        append(&out, "\r\n")
        for field in fields where isClean(field) {
            out.append(contentsOf: field.name.utf8)
            append(&out, ": ")
            out.append(contentsOf: field.value.utf8)
            append(&out, "\r\n")
        }
        return out
    }

    /// A line break inside a field would split the answer: such a field is left out.
    private static func isClean(_ field: HTTPFields.Field) -> Bool {
        !field.name.isEmpty && field.name.utf8.allSatisfy(HTTPHeadParser.isToken)
            && field.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }

    private static func append(_ out: inout [UInt8], _ text: StaticString) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// RFC 9110 section 15; 529 is Anthropic's own.
    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 529: "Overloaded"
        default: "Status"
        }
    }
}
