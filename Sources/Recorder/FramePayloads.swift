/// Looks for secrets in a binary stream of frames (AWS's `application/vnd.amazon.eventstream`): what the frames carry is
/// JSON. Nothing of a frame is ever changed, so the answer is only whether the stream may stay as it is.
internal import Intercept

enum FramePayloads {
    /// Whether a stream holds no secret, in one frame or across several. Also false wherever that cannot be known: when the
    /// bytes are not frames to their end with right checksums, or a frame holds anything but texts and JSON.
    static func holdNoSecret(_ bytes: [UInt8], _ redactor: Redactor) -> Bool {
        guard redactor.edits(bytes, 0..<bytes.count).isEmpty, let list = list(bytes, redactor) else { return false }
        return PieceRedaction.edits([list], redactor).allSatisfy(\.isEmpty)
    }

    /// All payloads as one JSON array, and behind each what it carries as base64.
    private static func list(_ bytes: [UInt8], _ redactor: Redactor) -> JSON? {
        var out: [UInt8] = [UInt8(ascii: "[")]
        var at = 0
        while at < bytes.count {
            guard let frame = frame(bytes, at), let texts = texts(bytes, frame.headers),
                texts.allSatisfy({ redactor.edits(bytes, $0).isEmpty })
            else { return nil }
            at = frame.end
            if frame.payload.isEmpty { continue }
            guard let json = try? JSON.parse(Array(bytes[frame.payload])) else { return nil }
            add(json, to: &out)
            guard let inner = json["bytes"] else { continue }
            guard let text = inner.text?.utf8Bytes, let decoded = Base64.decodeExactly(text),
                let carried = try? JSON.parse(decoded)
            else { return nil }
            add(carried, to: &out)
        }
        out.append(UInt8(ascii: "]"))
        return try? JSON.parse(out)
    }

    private static func add(_ json: JSON, to out: inout [UInt8]) {
        if out.count > 1 { out.append(UInt8(ascii: ",")) }
        out += json.raw
    }

    /// Total length, length of the headers, a checksum of these, four bytes each; headers; payload; a checksum of all.
    private static func frame(_ bytes: [UInt8], _ at: Int) -> (headers: Range<Int>, payload: Range<Int>, end: Int)? {
        let (prelude, least) = (12, 16)
        guard bytes.count - at >= least else { return nil }
        let (total, headers) = (word(bytes, at), word(bytes, at + 4))
        guard total >= least, total <= bytes.count - at, headers <= total - least else { return nil }
        let end = at + total - 4
        guard CRC32.of(bytes.span.extracting(at..<end)) == UInt32(word(bytes, end)) else { return nil }
        let payload = at + prelude + headers
        return (at + prelude..<payload, payload..<end, end + 4)
    }

    /// Names and values of header fields; nil where one is no string (type 7: a length of two bytes in front). The length
    /// would hide where a secret begins.
    private static func texts(_ bytes: [UInt8], _ headers: Range<Int>) -> [Range<Int>]? {
        var all: [Range<Int>] = []
        var at = headers.lowerBound
        while at < headers.upperBound {
            let name = at + 1..<at + 1 + Int(bytes[at])
            let start = name.upperBound + 3
            guard start <= headers.upperBound, bytes[name.upperBound] == 7 else { return nil }
            let end = start + (Int(bytes[start - 2]) << 8 | Int(bytes[start - 1]))
            guard end <= headers.upperBound else { return nil }
            all += [name, start..<end]
            at = end
        }
        return all
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
}
