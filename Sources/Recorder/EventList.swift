/// A stretch of an answer as the trace lists it: `[[t_ms,name,data],…]`. What a server-sent event says is written so
/// that its bytes can be made again: canonical events (`event: NAME`, `data: DATA`, each one line, then an empty one)
/// need nothing more, all others carry their exact text as a fourth element.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import CSystem
internal import Intercept

struct EventList {
    /// The list, with its brackets.
    let json: [UInt8]
    /// The data are base64: the bytes are no text.
    let isBinary: Bool

    /// `isExact` asks for the fourth elements; without them only names and data are kept. `room` is an array whose memory
    /// is used again.
    init(_ events: Moment.Events, isExact: Bool = true, room: consuming [UInt8] = []) {
        var builder = EventListBuilder(events, isExact: isExact, room: room)
        let isText = events.isEventStream || String(validating: events.bytes, as: UTF8.self) != nil
        if events.isEventStream {
            builder.addStream()
        } else if isText {
            builder.addBody()
        } else {
            builder.addBinary()
        }
        isBinary = !isText
        json = builder.closed()
    }

    /// The list as the parser sees it; nil for base64, where there is nothing to look into.
    var parsed: JSON? { isBinary ? nil : try? JSON.parse(json) }
}

/// Builds the list.
struct EventListBuilder {
    private let events: Moment.Events
    private let isExact: Bool
    private var out: [UInt8]
    private var templates = EventTemplates()
    private let marks: [Moment.Events.Mark]
    private var mark = 0
    /// The offset from which the next mark counts.
    private var nextMark = Int.max
    /// The time of the current event, in tenths of a millisecond.
    private var tenths = 0

    init(_ events: Moment.Events, isExact: Bool, room: consuming [UInt8]) {
        self.events = events
        self.isExact = isExact
        out = room
        out.removeAll(keepingCapacity: true)
        out.reserveCapacity(events.bytes.count + events.bytes.count / 8 + 64)
        out.append(UInt8(ascii: "["))
        marks = events.marks
        if !marks.isEmpty { advance(to: 0) }
    }

    mutating func closed() -> [UInt8] {
        out.append(UInt8(ascii: "]"))
        return out
    }

    /// Goes through the events of a stream.
    mutating func addStream() {
        events.bytes.withUnsafeBufferPointer { bytes in
            var at = 0
            while at < bytes.count {
                let found = RawEvent(bytes, at)
                add(found, bytes, at)
                at = found.end
            }
        }
    }

    private mutating func add(_ event: RawEvent, _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) {
        begin(at: event.end - 1)
        if event.isCanonical, let data = event.data {
            if let name = event.name { appendName(bytes, name) } else { out.append(contentsOf: "null".utf8) }
            out.append(UInt8(ascii: ","))
            let text = UnsafeBufferPointer(rebasing: bytes[data])
            if templates.describe(Span(_unsafeElements: text)) {
                out.append(contentsOf: text)
            } else {
                appendData(Array(text))
            }
        } else {
            addLoose(Array(bytes[start..<event.end]))
        }
        out.append(UInt8(ascii: "]"))
    }

    private mutating func appendName(_ bytes: UnsafeBufferPointer<UInt8>, _ name: Range<Int>) {
        let text = UnsafeBufferPointer(rebasing: bytes[name])
        guard let base = text.baseAddress, bytesx_plain_run(base, text.count) == text.count else {
            return appendString(Array(text))
        }
        out.append(UInt8(ascii: "\""))
        out.append(contentsOf: text)
        out.append(UInt8(ascii: "\""))
    }

    /// An event in a spelling of its own.
    private mutating func addLoose(_ text: [UInt8]) {
        let (name, data) = Self.fields(text)
        if let name { appendString(name) } else { out.append(contentsOf: "null".utf8) }
        out.append(UInt8(ascii: ","))
        if let data { appendData(data) } else { out.append(contentsOf: "null".utf8) }
        guard isExact else { return }
        out.append(UInt8(ascii: ","))
        appendString(text)
    }

    /// A whole body: one event without a name.
    mutating func addBody() {
        begin(at: events.bytes.count - 1)
        out.append(contentsOf: "null,".utf8)
        appendData(events.bytes)
        out.append(UInt8(ascii: "]"))
    }

    /// Bytes that are no text, in the pieces in which they came.
    mutating func addBinary() {
        for (index, piece) in marks.enumerated() {
            let end = index + 1 < marks.count ? marks[index + 1].offset : events.bytes.count
            guard piece.offset < end, end <= events.bytes.count else { continue }
            begin(at: piece.offset)
            out.append(contentsOf: "null,\"".utf8)
            out.append(contentsOf: Base64.encode(Array(events.bytes[piece.offset..<end])).utf8)
            out.append(contentsOf: "\"]".utf8)
        }
    }

    /// `[t_ms,` with the time at which the byte at `offset` came.
    private mutating func begin(at offset: Int) {
        if offset >= nextMark { advance(to: offset) }
        if out.count > 1 { out.append(UInt8(ascii: ",")) }
        out.append(UInt8(ascii: "["))
        appendTime()
        out.append(UInt8(ascii: ","))
    }

    /// An object or array as it is; everything else as a string that holds the text.
    private mutating func appendData(_ data: [UInt8]) {
        let opens = data.first == UInt8(ascii: "{") || data.first == UInt8(ascii: "[")
        if opens, let json = try? JSON.parse(data), json.range == 0..<data.count, LineSafety.isSafe(data) {
            out.append(contentsOf: data)
            if data.count < 4096 { templates.learn(json) }
        } else {
            appendString(data)
        }
    }

    private mutating func appendString(_ text: [UInt8]) {
        out.append(UInt8(ascii: "\""))
        out.append(contentsOf: JSONText(utf8: text).escaped)
        out.append(UInt8(ascii: "\""))
    }

    private mutating func advance(to offset: Int) {
        while mark + 1 < marks.count, marks[mark + 1].offset <= offset { mark += 1 }
        tenths = Self.tenths(marks[mark].milliseconds)
        nextMark = mark + 1 < marks.count ? marks[mark + 1].offset : .max
    }

    private static func tenths(_ milliseconds: Double) -> Int {
        guard milliseconds > 0, milliseconds < 1e12 else { return 0 }
        return Int((milliseconds * 10).rounded())
    }

    /// Milliseconds, with one digit behind the point where it is not 0.
    private mutating func appendTime() {
        var divisor = 1
        let whole = tenths / 10
        while whole / divisor > 9 { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(ascii: "0") + UInt8(whole / divisor % 10))
            divisor /= 10
        }
        if tenths % 10 != 0 {
            out.append(UInt8(ascii: "."))
            out.append(UInt8(ascii: "0") + UInt8(tenths % 10))
        }
    }

    /// Name and data of an event in any spelling. Nil where there is none.
    private static func fields(_ text: [UInt8]) -> (name: [UInt8]?, data: [UInt8]?) {
        var name: [UInt8]?
        var data: [UInt8]?
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == 0x20 { value = value.dropFirst() }
            switch String(decoding: line[..<colon], as: UTF8.self) {
            case "event": name = Array(value)
            case "data": data = data.map { $0 + [0x0A] + value } ?? Array(value)
            default: break
            }
        }
        return (name, data)
    }
}

/// Where the parts of one event stand in a stream's bytes.
struct RawEvent {
    var name: Range<Int>?
    var data: Range<Int>?
    /// Behind the empty line that ends it, or the end of the bytes.
    let end: Int
    /// Can be written again from name and data.
    let isCanonical: Bool

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) {
        var at = start
        var isPlain = true
        if Self.begins(bytes, at, "event: "), let line = Self.lineEnd(bytes, at) {
            name = at + 7..<line
            isPlain = line > at + 7 && bytes[line - 1] != 0x0D
            at = line + 1
        }
        if isPlain, Self.begins(bytes, at, "data: "), let line = Self.lineEnd(bytes, at) {
            data = at + 6..<line
            at = line + 1
            if at < bytes.count, bytes[at] == 0x0A, bytes[line - 1] != 0x0D {
                isCanonical = true
                end = at + 1
                return
            }
        }
        isCanonical = false
        end = Self.blankLineEnd(bytes, start)
    }

    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard at + count <= bytes.count, let base = bytes.baseAddress else { return false }
        return memcmp(base + at, word.utf8Start, count) == 0
    }

    private static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int) -> Int? {
        guard let base = bytes.baseAddress, from < bytes.count,
            let found = memchr(base + from, 0x0A, bytes.count - from)
        else {
            return nil
        }
        return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
    }

    /// Behind the next empty line, whatever ends the lines; the end of the bytes when there is none.
    private static func blankLineEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int) -> Int {
        var at = from
        var isLineEmpty = false
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            guard byte == 0x0A || byte == 0x0D else {
                isLineEmpty = false
                continue
            }
            if byte == 0x0D, at < bytes.count, bytes[at] == 0x0A { at += 1 }
            if isLineEmpty { return at }
            isLineEmpty = true
        }
        return bytes.count
    }
}
