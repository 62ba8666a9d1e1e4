/// Finds secrets in a stream of events by putting the pieces of each text together again: all strings at the same place
/// of the same kind of event are one text. Knows no dialect, so it serves every upstream.
internal import Intercept

struct PieceRedaction {
    /// A text under construction.
    private struct Assembled {
        var bytes: [UInt8] = []
        var pieces: [Piece] = []
    }

    private struct Piece {
        let part: Int
        let range: Range<Int>
        /// Where the piece begins in the whole text.
        let start: Int
    }

    private var texts: [UInt64: Assembled] = [:]

    /// The edits for each part of one side of a stream, in order. A secret goes into the piece in which it begins; the
    /// pieces behind lose their share.
    static func edits(_ parts: [JSON], _ redactor: Redactor) -> [[Edit]] {
        edits(parts) { redactor.edits($0, 0..<$0.count) }
    }

    /// The same for whatever `find` finds in a whole text.
    static func edits(_ parts: [JSON], find: ([UInt8]) -> [Edit]) -> [[Edit]] {
        var pieces = PieceRedaction()
        for (index, list) in parts.enumerated() {
            for event in list.elements { pieces.collect(event, path: 14_695_981_039_346_656_037, part: index) }
        }
        var edits = [[Edit]](repeating: [], count: parts.count)
        for text in pieces.texts.values {
            for secret in find(text.bytes) { add(secret, in: text, to: &edits) }
        }
        return edits.map { $0.sorted { $0.range.lowerBound < $1.range.lowerBound } }
    }

    private mutating func collect(_ json: JSON, path: UInt64, part: Int) {
        switch json.kind {
        case .string:
            let content = json.range.lowerBound + 1..<json.range.upperBound - 1
            if content.isEmpty { return }
            let start = texts[path]?.bytes.count ?? 0
            texts[path, default: Assembled()].pieces.append(Piece(part: part, range: content, start: start))
            texts[path]?.bytes.append(contentsOf: json.document.bytes[content])
        case .array: for element in json.elements { collect(element, path: path, part: part) }
        case .object:
            var path = path
            if let index = json["index"] ?? json["contentBlockIndex"] { path = Self.mix(path, index.raw) }
            for (key, value) in json.members { collect(value, path: Self.mix(path, key.raw), part: part) }
        default: return
        }
    }

    private static func mix(_ path: UInt64, _ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(path &* 31) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func add(_ secret: Edit, in text: Assembled, to edits: inout [[Edit]]) {
        var replacement = secret.replacement
        for piece in text.pieces {
            let end = piece.start + piece.range.count
            guard piece.start < secret.range.upperBound, end > secret.range.lowerBound else { continue }
            let from = Swift.max(secret.range.lowerBound, piece.start) - piece.start + piece.range.lowerBound
            let to = Swift.min(secret.range.upperBound, end) - piece.start + piece.range.lowerBound
            edits[piece.part].append(Edit(range: from..<to, replacement: replacement))
            replacement = []
        }
    }

    /// At `strict`: edits for all texts; only the length of each piece stays.
    static func textEdits(_ list: JSON, _ redactor: Redactor) -> [Edit] {
        var edits: [Edit] = []
        for event in list.elements {
            for data in event.elements.dropFirst(2) {
                redactor.collectText(data, name: "", isPrivate: false, withDigest: false, into: &edits)
            }
        }
        return edits
    }
}
