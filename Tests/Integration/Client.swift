/// A small HTTP/1.1 client that shows answers as they are on the wire.
import Foundation

@testable import Intercept

/// One answer as it came.
struct Answer {
    var status: Int
    var fields: HTTPFields
    var body: [UInt8]
    /// Statuses of interim answers (1xx) before it.
    var interim: [Int]
    /// The body ended as its framing says.
    var isComplete = true

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON? { try? JSON.parse(body) }
    /// `error.message` of an error body.
    var message: String { json?["error"]?["message"]?.string ?? "" }
}

/// Texts that go over the wire.
enum Wire {
    /// `GET /x` or `POST /y` with usual header fields and, when there is one, a body with its length.
    static func request(_ line: String, body: String = "", fields: String = "") -> String {
        request(line, length: body.utf8.count, fields: fields) + body
    }

    static func request(_ line: String, length: Int, fields: String = "") -> String {
        let isPost = line.hasPrefix("POST")
        let length = isPost ? "Content-Type: application/json\r\nContent-Length: \(length)\r\n" : ""
        return "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(length)\(fields)\r\n"
    }

    /// `bytes` in chunks of `size`.
    static func chunked(_ bytes: [UInt8], size: Int) -> [UInt8] {
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = bytes[start..<min(start + size, bytes.count)]
            out += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
        }
        return out + Array("0\r\n\r\n".utf8)
    }
}

/// Reads messages of HTTP/1.1 from a socket.
final class MessageReader {
    private let socket: RawSocket
    private(set) var buffer: [UInt8] = []

    init(_ socket: RawSocket) { self.socket = socket }

    /// More bytes; false at the end.
    private func more(within milliseconds: Int) throws -> Bool {
        let bytes = try socket.receive(within: milliseconds)
        buffer += bytes
        return !bytes.isEmpty
    }

    /// The first line and the fields; nil when the connection ended before.
    func head(within milliseconds: Int = 5000) throws -> (line: [Substring], fields: HTTPFields)? {
        while true {
            if let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
                let text = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
                buffer.removeFirst(end.upperBound)
                return Self.parse(text)
            }
            if try !more(within: milliseconds) { return nil }
        }
    }

    private static func parse(_ text: String) -> (line: [Substring], fields: HTTPFields) {
        let lines = text.components(separatedBy: "\r\n")
        var fields = HTTPFields()
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            fields.append(String(parts[0]), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        return ((lines.first ?? "").split(separator: " ", maxSplits: 2), fields)
    }

    /// The body by its framing; `untilEnd` when no framing means "until the connection ends".
    func body(_ fields: HTTPFields, untilEnd: Bool, within milliseconds: Int = 5000) throws -> (
        bytes: [UInt8], isComplete: Bool
    ) {
        if fields.lists("transfer-encoding", "chunked") { return try chunks(within: milliseconds) }
        guard let length = fields["content-length"].flatMap({ Int($0) }) else {
            guard untilEnd else { return ([], true) }
            while try more(within: milliseconds) {}
            return (take(buffer.count), true)
        }
        while buffer.count < length { if try !more(within: milliseconds) { return (take(buffer.count), false) } }
        return (take(length), true)
    }

    private func chunks(within milliseconds: Int) throws -> (bytes: [UInt8], isComplete: Bool) {
        var body: [UInt8] = []
        while let chunk = try chunk(within: milliseconds) {
            if chunk.isEmpty { return (body, true) }
            body += chunk
        }
        return (body, false)
    }

    /// The next chunk of a chunked body, empty for the last; nil when the connection ended.
    func chunk(within milliseconds: Int = 5000) throws -> [UInt8]? {
        var end = buffer.firstRange(of: [0x0D, 0x0A])
        while end == nil {
            if try !more(within: milliseconds) { return nil }
            end = buffer.firstRange(of: [0x0D, 0x0A])
        }
        guard let end, let size = Int(String(decoding: buffer[..<end.lowerBound], as: UTF8.self), radix: 16) else {
            throw HarnessError("no chunk size: \(String(decoding: buffer.prefix(40), as: UTF8.self))")
        }
        while buffer.count < end.upperBound + size + 2 { if try !more(within: milliseconds) { return nil } }
        buffer.removeFirst(end.upperBound)
        let data = take(size)
        guard take(2) == [0x0D, 0x0A] else { throw HarnessError("a chunk is longer than its size says") }
        return data
    }

    private func take(_ count: Int) -> [UInt8] {
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }
}

/// A client on one connection.
final class Client {
    let socket: RawSocket
    let reader: MessageReader

    init(port: Int) throws {
        socket = try RawSocket.connect(port)
        reader = MessageReader(socket)
    }

    /// A client of a unix socket.
    init(path: String) throws {
        socket = try RawSocket.connect(path: path)
        reader = MessageReader(socket)
    }

    func send(_ text: String) throws { try socket.send(text) }
    func close() { socket.close() }

    /// The head of the next final answer.
    func head(within milliseconds: Int = 5000) throws -> Answer {
        var interim: [Int] = []
        while let (line, fields) = try reader.head(within: milliseconds) {
            guard line.count > 1, let status = Int(line[1]) else { throw HarnessError("no status line: \(line)") }
            if status >= 200 { return Answer(status: status, fields: fields, body: [], interim: interim) }
            interim.append(status)
        }
        throw HarnessError("the connection ended before an answer")
    }

    /// The next whole answer.
    func answer(isHead: Bool = false, within milliseconds: Int = 5000) throws -> Answer {
        var answer = try head(within: milliseconds)
        if isHead { return answer }
        (answer.body, answer.isComplete) = try reader.body(answer.fields, untilEnd: true, within: milliseconds)
        return answer
    }

    /// Chunks of a stream until they hold `text`.
    func read(until text: String, within milliseconds: Int = 5000) throws -> String {
        var seen = ""
        while !seen.contains(text) {
            guard let chunk = try reader.chunk(within: milliseconds), !chunk.isEmpty else {
                throw HarnessError("the stream ended without \(text): \(seen)")
            }
            seen += String(decoding: chunk, as: UTF8.self)
        }
        return seen
    }

    /// Whether the proxy closes the connection now.
    func isClosedByPeer(within milliseconds: Int = 5000) -> Bool { socket.waitForClose(within: milliseconds) != nil }
}
