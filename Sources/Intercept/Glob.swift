/// A pattern with `*` (any characters, also none) and `?` (one character); a backslash takes the next character as it
/// is. Letters A to Z match without regard to case. The whole text must match. The time is bounded by the length of the
/// text times the length of the pattern, whatever both are.
public struct Glob: Sendable, Equatable {
    private enum Piece: Equatable {
        case character(Unicode.Scalar)
        case any
    }

    /// What stands between the stars.
    private let chunks: [[Piece]]
    public let pattern: String

    public init(_ pattern: String) {
        self.pattern = pattern
        var chunks: [[Piece]] = [[]]
        var scalars = pattern.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "*": chunks.append([])
            case "?": chunks[chunks.count - 1].append(.any)
            case "\\": chunks[chunks.count - 1].append(.character(Self.fold(scalars.popFirst() ?? scalar)))
            default: chunks[chunks.count - 1].append(.character(Self.fold(scalar)))
            }
        }
        self.chunks = chunks
    }

    public func matches(_ text: String) -> Bool { matches(Self.folded(text), from: [0]) }

    /// Whether the text matches from at least one of these positions to its end. `text` comes from ``folded(_:)``, the
    /// positions rise. Of all starts only the first that fits needs a look: a later one leaves less to the stars.
    public func matches(_ text: [Unicode.Scalar], from starts: some Sequence<Int>) -> Bool {
        let first = chunks[0]
        guard chunks.count > 1, let last = chunks.last else {
            return starts.contains { $0 + first.count == text.count && has(first, text, $0) }
        }
        guard let start = starts.first(where: { has(first, text, $0) }) else { return false }
        var at = start + first.count
        for chunk in chunks.dropFirst().dropLast() {
            guard let found = find(chunk, text, at) else { return false }
            at = found + chunk.count
        }
        return text.count - last.count >= at && has(last, text, text.count - last.count)
    }

    public static func folded(_ text: String) -> [Unicode.Scalar] { text.unicodeScalars.map(fold) }

    private static func fold(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar
    }

    private func find(_ chunk: [Piece], _ text: [Unicode.Scalar], _ from: Int) -> Int? {
        guard from + chunk.count <= text.count else { return nil }
        return (from...text.count - chunk.count).first { has(chunk, text, $0) }
    }

    private func has(_ chunk: [Piece], _ text: [Unicode.Scalar], _ at: Int) -> Bool {
        guard at + chunk.count <= text.count else { return false }
        for (offset, piece) in chunk.enumerated() {
            if case .character(let wanted) = piece, wanted != text[at + offset] { return false }
        }
        return true
    }
}
