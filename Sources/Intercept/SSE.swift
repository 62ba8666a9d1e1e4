/// One server-sent event. A comment line (`: text`) comes as an event named ":".
public struct SSEEvent: Sendable, Equatable {
    /// What stood behind `event:`, empty when there was none.
    public var name: String
    /// The `data:` lines, joined by line feeds.
    public var data: [UInt8]

    public init(name: String, data: [UInt8]) {
        self.name = name
        self.data = data
    }

    public var isComment: Bool { name == ":" }
}

/// Splits a byte stream into server-sent events, however it is cut: LF, CRLF or CR line ends, a byte order mark, comments,
/// several `data:` lines. https://html.spec.whatwg.org/multipage/server-sent-events.html
public struct SSEParser: Sendable {
    /// Bytes of an unfinished line.
    private var rest: [UInt8] = []
    private var name = ""
    private var lastName = ""
    private var data: [UInt8] = []
    private var hasData = false
    /// The last line ended with CR: a LF directly behind it belongs to it.
    private var skipsLineFeed = false
    private var isFirstLine = true
    private let limit: Int

    /// - Parameter limit: the longest event in bytes; a longer one is an error.
    public init(limit: Int = 64 << 20) { self.limit = limit }

    /// Whether an event has begun and not ended.
    public var isInsideEvent: Bool { !rest.isEmpty || hasData || !name.isEmpty }

    /// Takes the next bytes and hands out each event that they complete.
    public mutating func feed(
        _ bytes: Span<UInt8>, _ body: (SSEEvent) throws(TranslationError) -> Void
    ) throws(TranslationError) {
        var from = 0
        if skipsLineFeed, bytes.count > 0 {
            skipsLineFeed = false
            if bytes[0] == 0x0A { from = 1 }
        }
        while let end = lineEnd(bytes, from) {
            let next = step(bytes, over: end)
            if rest.isEmpty {
                try line(bytes.extracting(from..<end), body)
            } else {
                bytes.extracting(from..<end).withUnsafeBufferPointer { rest.append(contentsOf: $0) }
                let whole = rest[...]
                rest = []
                try line(whole.span, body)
            }
            from = next
        }
        if from < bytes.count {
            bytes.extracting(from..<bytes.count).withUnsafeBufferPointer { rest.append(contentsOf: $0) }
        }
        if rest.count + data.count > limit {
            throw TranslationError(MessageError(500, nil, "upstream sent an event of more than \(limit) bytes"))
        }
    }

    /// The stream is over: an event whose blank line is missing still counts.
    public mutating func finish(_ body: (SSEEvent) throws(TranslationError) -> Void) throws(TranslationError) {
        if !rest.isEmpty {
            let whole = rest[...]
            rest = []
            try line(whole.span, body)
        }
        try dispatch(body)
    }

    private func lineEnd(_ bytes: Span<UInt8>, _ from: Int) -> Int? {
        let end = from + bytes.lineRun(from: from)
        return end < bytes.count ? end : nil
    }

    private mutating func step(_ bytes: Span<UInt8>, over end: Int) -> Int {
        guard bytes[end] == 0x0D else { return end + 1 }
        if end + 1 < bytes.count { return bytes[end + 1] == 0x0A ? end + 2 : end + 1 }
        skipsLineFeed = true
        return end + 1
    }

    private mutating func line(
        _ line: Span<UInt8>, _ body: (SSEEvent) throws(TranslationError) -> Void
    ) throws(TranslationError) {
        var from = 0
        if isFirstLine {
            isFirstLine = false
            if line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF { from = 3 }
        }
        if from == line.count { return try dispatch(body) }
        if line[from] == UInt8(ascii: ":") {
            return try body(SSEEvent(name: ":", data: copy(line, valueFrom: from + 1)))
        }
        if starts(line, from, "data") {
            if hasData { data.append(0x0A) }
            append(line, valueFrom: from + 4)
            hasData = true
        } else if starts(line, from, "event") {
            name = eventName(copy(line, valueFrom: from + 5))
        }
    }

    /// The same name comes again and again: its text is made once.
    private mutating func eventName(_ bytes: [UInt8]) -> String {
        if !lastName.utf8.elementsEqual(bytes) { lastName = String(decoding: bytes, as: UTF8.self) }
        return lastName
    }

    /// Whether the line is this field: its name, then a colon or the end.
    private func starts(_ line: Span<UInt8>, _ from: Int, _ field: StaticString) -> Bool {
        let length = field.utf8CodeUnitCount
        guard line.count >= from + length else { return false }
        for offset in 0..<length where line[from + offset] != (field.utf8Start + offset).pointee { return false }
        return line.count == from + length || line[from + length] == UInt8(ascii: ":")
    }

    /// Where the value begins when its colon, if any, stands at `colon`: one space behind it does not count.
    private func valueStart(_ line: Span<UInt8>, _ colon: Int) -> Int {
        var start = colon
        if start < line.count, line[start] == UInt8(ascii: ":") { start += 1 }
        if start < line.count, line[start] == 0x20 { start += 1 }
        return start
    }

    private mutating func append(_ line: Span<UInt8>, valueFrom colon: Int) {
        let start = valueStart(line, colon)
        line.extracting(start..<line.count).withUnsafeBufferPointer { data.append(contentsOf: $0) }
    }

    private func copy(_ line: Span<UInt8>, valueFrom colon: Int) -> [UInt8] {
        let start = valueStart(line, colon)
        return line.extracting(start..<line.count).withUnsafeBufferPointer { Array($0) }
    }

    private mutating func dispatch(_ body: (SSEEvent) throws(TranslationError) -> Void) throws(TranslationError) {
        guard hasData else {
            name = ""
            return
        }
        let event = SSEEvent(name: name, data: data)
        name = ""
        data = []
        hasData = false
        try body(event)
    }
}
