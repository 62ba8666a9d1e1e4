/// A model service that answers as a test tells it to: a thread for each connection, a closure for each request.
import Foundation

@testable import Intercept

final class ScriptedUpstream: @unchecked Sendable {
    /// One request as the service got it.
    struct Request: Sendable {
        var method: String
        var target: String
        var fields: HTTPFields
        var body: [UInt8]
        /// Counts connections from 1.
        var connection: Int
    }

    typealias Script = @Sendable (Request, Reply) throws -> Void

    let port: Int
    private let listener: RawSocket
    private let script: Script
    private let seen = Locked<[Request]>([])
    private let connections = Locked(0)
    private let open = Locked<[RawSocket]>([])

    init(_ script: @escaping Script) throws {
        self.script = script
        (listener, port) = try RawSocket.listen()
        Thread.detachNewThread { [listener, weak self] in
            while let socket = listener.accept() {
                guard let self else { return }
                self.connections.change { $0 += 1 }
                self.open.change { $0.append(socket) }
                let number = self.connections.value
                Thread.detachNewThread { [weak self] in self?.serve(socket, number) }
            }
        }
    }

    deinit { stop() }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { seen.value }
    var connectionCount: Int { connections.value }

    private func serve(_ socket: RawSocket, _ number: Int) {
        let reader = MessageReader(socket)
        defer { socket.close() }
        while let request = try? next(reader, number) {
            seen.change { $0.append(request) }
            let reply = Reply(socket)
            guard (try? script(request, reply)) != nil, reply.isReusable else { return }
        }
    }

    private func next(_ reader: MessageReader, _ number: Int) throws -> Request? {
        guard let (line, fields) = try reader.head(within: 30_000), line.count == 3 else { return nil }
        let body = try reader.body(fields, untilEnd: false)
        return Request(
            method: String(line[0]), target: String(line[1]), fields: fields, body: body.bytes, connection: number)
    }

    func stop() {
        listener.abort()
        for socket in open.value { socket.abort() }
    }
}

/// The service's side of one answer.
final class Reply {
    let socket: RawSocket
    /// Another request may follow on this connection.
    private(set) var isReusable = true

    init(_ socket: RawSocket) { self.socket = socket }

    /// A whole answer.
    func answer(_ status: Int, type: String = "application/json", _ body: String, fields: String = "") throws {
        try answer(status, type: type, Array(body.utf8), fields: fields)
    }

    func answer(_ status: Int, type: String = "application/json", _ body: [UInt8], fields: String = "") throws {
        let head = "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\(fields)\r\n"
        try socket.send(Array(head.utf8) + body)
    }

    func beginStream(type: String = "text/event-stream", fields: String = "") throws {
        try socket.send("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nTransfer-Encoding: chunked\r\n\(fields)\r\n")
    }

    func chunk(_ text: String) throws { try chunk(Array(text.utf8)) }

    func chunk(_ bytes: [UInt8]) throws {
        try socket.send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }

    func endStream() throws { try socket.send("0\r\n\r\n") }

    /// A stream in pieces of `size` bytes.
    func stream(_ text: String, pieces size: Int = .max, fields: String = "") throws {
        try beginStream(fields: fields)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: min(size, bytes.count)) {
            try chunk(Array(bytes[start..<min(start + min(size, bytes.count), bytes.count)]))
        }
        try endStream()
    }

    /// Ends the connection in the middle.
    func cut() {
        isReusable = false
        socket.close()
    }
}
