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

    private var texts: [Assembled] = []
    private var places: [UInt64: Int] = [:]

    /// The edits for each part of one side of a stream, in order. A secret goes into the piece in which it begins; the
    /// pieces behind lose their share.
    static func edits(_ parts: [JSON], _ redactor: Redactor) -> [[Edit]] {
        edits(parts) { redactor.edits($0, 0..<$0.count) }
    }

    /// The same for whatever `find` finds in a whole text.
    static func edits(_ parts: [JSON], find: ([UInt8]) -> [Edit]) -> [[Edit]] {
        var pieces = PieceRedaction()
        for (index, list) in parts.enumerated() {
            for event in list.elements { pieces.collect(event, part: index) }
        }
        var edits = [[Edit]](repeating: [], count: parts.count)
        for text in pieces.texts {
            for secret in find(text.bytes) { add(secret, in: text, to: &edits) }
        }
        return edits.map { $0.sorted { $0.range.lowerBound < $1.range.lowerBound } }
    }

    private mutating func collect(_ event: JSON, part: Int) {
        let bytes = event.document.bytes
        Self.strings(event) { place, range in
            let text = index(of: place)
            texts[text].pieces.append(Piece(part: part, range: range, start: texts[text].bytes.count))
            texts[text].bytes.append(contentsOf: bytes[range])
        }
    }

    private mutating func index(of place: UInt64) -> Int {
        if let known = places[place] { return known }
        places[place] = texts.count
        texts.append(Assembled())
        return texts.count - 1
    }

    /// Hands over the strings of an event that are not empty, without their quotes, each with the place where it stands:
    /// the names of the members on the way, and the `index` of the objects.
    static func strings(
        _ json: JSON, at place: UInt64 = 14_695_981_039_346_656_037, _ take: (UInt64, Range<Int>) -> Void
    ) {
        switch json.kind {
        case .string:
            let content = json.range.lowerBound + 1..<json.range.upperBound - 1
            if !content.isEmpty { take(place, content) }
        case .array: for element in json.elements { strings(element, at: place, take) }
        case .object:
            var place = place
            if let index = json["index"] ?? json["contentBlockIndex"] { place = mix(place, index.raw) }
            for (key, value) in json.members where value.isString || value.isObject || value.isArray {
                strings(value, at: mix(place, key.raw), take)
            }
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
