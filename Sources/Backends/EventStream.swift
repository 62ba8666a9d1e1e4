internal import Intercept

/// One message of `application/vnd.amazon.eventstream`: header fields of several types, and a payload.
///
/// Total length, length of the headers and checksum of these two, four bytes each; headers; payload; checksum of all.
/// https://smithy.io/2.0/aws/amazon-eventstream.html
struct EventStreamFrame: Sendable, Equatable {
    /// A header's value.
    enum Value: Sendable, Equatable {
        case bool(Bool)
        case int8(Int8)
        case int16(Int16)
        case int32(Int32)
        case int64(Int64)
        case bytes([UInt8])
        case string(String)
        /// Milliseconds since 1970.
        case timestamp(Int64)
        /// 16 bytes.
        case uuid([UInt8])
    }

    /// The headers as they came; known to be well formed.
    let headerBytes: [UInt8]
    let payload: [UInt8]

    /// The headers in order.
    var headers: [(name: String, value: Value)] {
        var at = 0
        var all: [(String, Value)] = []
        while at < headerBytes.count, case .success(let field) = EventStreamField.read(headerBytes, at) {
            all.append((String(decoding: headerBytes[field.name], as: UTF8.self), field.value(in: headerBytes)))
            at = field.data.upperBound
        }
        return all
    }

    /// The text of a header, nil when it is not there or of another type.
    subscript(_ name: String) -> String? {
        var at = 0
        while at < headerBytes.count, case .success(let field) = EventStreamField.read(headerBytes, at) {
            if field.type == 7, headerBytes[field.name].elementsEqual(name.utf8) {
                return String(decoding: headerBytes[field.data], as: UTF8.self)
            }
            at = field.data.upperBound
        }
        return nil
    }

    static func == (left: EventStreamFrame, right: EventStreamFrame) -> Bool {
        left.headerBytes == right.headerBytes && left.payload == right.payload
    }
}

/// Why bytes are no event stream.
struct EventStreamError: Error, Equatable, CustomStringConvertible {
    /// "the checksum of a message is 0x…, expected 0x…"
    let description: String

    init(_ description: String) { self.description = description }

    static func checksum(_ what: String, _ actual: UInt32, _ expected: UInt32) -> EventStreamError {
        EventStreamError(
            "the checksum of \(what) is 0x\(String(actual, radix: 16)), expected 0x\(String(expected, radix: 16))")
    }
}

/// Finds the frames in a stream of bytes, however it is cut.
struct EventStreamParser: Sendable {
    /// The longest message that is taken.
    static let mostBytes = 16 << 20
    /// The longest headers that are taken.
    static let mostHeaderBytes = 128 << 10
    private static let prelude = 12
    private static let least = 16

    private var held: [UInt8] = []
    /// Where the next message begins in `held`.
    private var start = 0
    /// Length of that message, once its prelude is known to be right.
    private var expected: Int?

    /// Whether the stream ends inside a frame if nothing follows.
    var isInsideFrame: Bool { start < held.count }

    /// Takes the next bytes.
    mutating func feed(_ bytes: Span<UInt8>) {
        if start > 0 { held.removeSubrange(..<start) }
        start = 0
        bytes.withUnsafeBufferPointer { held.append(contentsOf: $0) }
    }

    /// The next frame that is complete. After an error there is nothing more to be had.
    mutating func next() throws(EventStreamError) -> EventStreamFrame? {
        guard held.count - start >= Self.prelude else { return nil }
        if expected == nil { expected = try checkPrelude(start) }
        guard let length = expected, held.count - start >= length else { return nil }
        let frame = try frame(start..<start + length)
        start += length
        expected = nil
        return frame
    }

    private func checkPrelude(_ at: Int) throws(EventStreamError) -> Int {
        let actual = checksum(at..<at + 8)
        let wanted = word(at + 8)
        guard actual == wanted else { throw .checksum("a message's lengths", actual, wanted) }
        let total = Int(word(at))
        let headers = Int(word(at + 4))
        guard (Self.least...Self.mostBytes).contains(total) else {
            throw EventStreamError("a message of \(total) bytes, allowed are \(Self.least) to \(Self.mostBytes)")
        }
        guard headers <= min(total - Self.least, Self.mostHeaderBytes) else {
            throw EventStreamError("headers of \(headers) bytes in a message of \(total)")
        }
        return total
    }

    private func frame(_ range: Range<Int>) throws(EventStreamError) -> EventStreamFrame {
        let end = range.upperBound - 4
        let actual = checksum(range.lowerBound..<end)
        let wanted = word(end)
        guard actual == wanted else { throw .checksum("a message", actual, wanted) }
        let headers = range.lowerBound + Self.prelude
        let payload = headers + Int(word(range.lowerBound + 4))
        let frame = EventStreamFrame(headerBytes: Array(held[headers..<payload]), payload: Array(held[payload..<end]))
        try EventStreamField.check(frame.headerBytes)
        return frame
    }

    private func word(_ at: Int) -> UInt32 { UInt32(truncatingIfNeeded: held.bigEndian(at, 4)) }

    private func checksum(_ range: Range<Int>) -> UInt32 { CRC32.of(held.span.extracting(range)) }
}

/// One header inside the bytes of all headers.
private struct EventStreamField {
    let name: Range<Int>
    /// 0 to 9 as the protocol numbers them.
    let type: UInt8
    let data: Range<Int>

    /// The header that begins at `at`.
    static func read(_ bytes: [UInt8], _ at: Int) -> Result<EventStreamField, EventStreamError> {
        let nameEnd = at + 1 + Int(bytes[at])
        guard nameEnd > at + 1 else { return .failure(EventStreamError("a header without a name")) }
        guard nameEnd < bytes.count else { return .failure(EventStreamError("a header's name is cut off")) }
        let type = bytes[nameEnd]
        var start = nameEnd + 1
        let length: Int
        switch type {
        case 0, 1: length = 0
        case 2: length = 1
        case 3: length = 2
        case 4: length = 4
        case 5, 8: length = 8
        case 9: length = 16
        case 6, 7:
            guard start + 2 <= bytes.count else { return .failure(EventStreamError("a header's value is cut off")) }
            length = Int(bytes.bigEndian(start, 2))
            start += 2
        default: return .failure(EventStreamError("a header of the unknown type \(type)"))
        }
        guard start + length <= bytes.count else { return .failure(EventStreamError("a header's value is cut off")) }
        return .success(EventStreamField(name: at + 1..<nameEnd, type: type, data: start..<start + length))
    }

    /// Throws unless the bytes are headers from beginning to end.
    static func check(_ bytes: [UInt8]) throws(EventStreamError) {
        var at = 0
        while at < bytes.count {
            let field = try read(bytes, at).get()
            if field.type == 7, String(validating: bytes[field.data], as: UTF8.self) == nil {
                throw EventStreamError("a header's text is no UTF-8")
            }
            at = field.data.upperBound
        }
    }

    func value(in bytes: [UInt8]) -> EventStreamFrame.Value {
        let number = bytes.bigEndian(data.lowerBound, min(data.count, 8))
        switch type {
        case 0: return .bool(true)
        case 1: return .bool(false)
        case 2: return .int8(Int8(truncatingIfNeeded: number))
        case 3: return .int16(Int16(truncatingIfNeeded: number))
        case 4: return .int32(Int32(truncatingIfNeeded: number))
        case 5: return .int64(Int64(bitPattern: number))
        case 6: return .bytes(Array(bytes[data]))
        case 7: return .string(String(decoding: bytes[data], as: UTF8.self))
        case 8: return .timestamp(Int64(bitPattern: number))
        default: return .uuid(Array(bytes[data]))
        }
    }
}

extension [UInt8] {
    /// The number in these bytes, the highest first.
    fileprivate func bigEndian(_ at: Int, _ count: Int) -> UInt64 {
        self[at..<at + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
