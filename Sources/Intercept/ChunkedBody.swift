/// Takes a chunked body apart (RFC 9112 section 7.1), however it is cut. Extensions and trailers are read and dropped.
struct ChunkedBody {
    /// Where in the coding the next byte stands.
    private enum State: Equatable {
        /// In a size line; the digits so far. Next: data, or the trailer when the size is 0.
        case size(digits: Int)
        /// Behind `;`, up to the line's end.
        case sizeExtension
        /// Expecting the line feed behind a size. Next: data or trailer.
        case sizeLineFeed
        /// In a chunk's data. Next: its line end.
        case data
        case dataReturn
        case dataLineFeed
        /// At the beginning of a trailer line. Next: done at an empty one.
        case trailerStart
        case trailer
        case trailerLineFeed(isLast: Bool)
        case done
    }

    private var state = State.size(digits: 0)
    private var left = 0
    private var overhead = 0

    var isDone: Bool { state == .done }

    /// Appends the data in `bytes[from...]` to `body`; gives the index behind the last byte it used.
    mutating func feed(_ bytes: [UInt8], from start: Int, into body: inout [UInt8]) throws(HTTPError) -> Int {
        var at = start
        while at < bytes.count, state != .done {
            if state == .data {
                let count = min(left, bytes.count - at)
                body.append(contentsOf: bytes[at..<at + count])
                at += count
                left -= count
                if left == 0 { state = .dataReturn }
                continue
            }
            try step(bytes[at])
            at += 1
        }
        return at
    }

    private mutating func step(_ byte: UInt8) throws(HTTPError) {
        overhead += 1
        guard overhead < 1 << 20 else { throw HTTPError(400, "chunked body: more than 1 MB of chunk heads") }
        switch state {
        case .size(let digits): try size(byte, digits)
        case .sizeExtension:
            if byte == 0x0D { state = .sizeLineFeed }
            if byte == 0x0A { throw malformed }
        case .sizeLineFeed:
            guard byte == 0x0A else { throw malformed }
            state = left == 0 ? .trailerStart : .data
        case .dataReturn:
            guard byte == 0x0D else { throw HTTPError(400, "chunked body: a chunk is longer than its size says") }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == 0x0A else { throw malformed }
            state = .size(digits: 0)
        case .trailerStart: state = byte == 0x0D ? .trailerLineFeed(isLast: true) : .trailer
        case .trailer: if byte == 0x0D { state = .trailerLineFeed(isLast: false) }
        case .trailerLineFeed(let isLast):
            guard byte == 0x0A else { throw malformed }
            state = isLast ? .done : .trailerStart
        case .data, .done: return
        }
    }

    private mutating func size(_ byte: UInt8, _ digits: Int) throws(HTTPError) {
        if let digit = JSONText.hex(byte) {
            guard digits < 15 else { throw HTTPError(413, "chunked body: a chunk size of more than 15 digits") }
            left = left << 4 | Int(digit)
            state = .size(digits: digits + 1)
        } else if digits > 0, byte == 0x0D {
            state = .sizeLineFeed
        } else if digits > 0, byte == UInt8(ascii: ";") || byte == 0x20 || byte == 0x09 {
            state = .sizeExtension
        } else {
            throw malformed
        }
    }

    private var malformed: HTTPError { HTTPError(400, "chunked body: malformed chunk head") }
}
