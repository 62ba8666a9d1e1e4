internal import Intercept

/// What a plain chunk looks like apart from its piece of text and from ids: the next one mostly looks the same and need not
/// be read member by member.
struct PlainPattern: Sendable {
    let kind: PlainChunk.Kind
    let call: Int?
    private let pattern: JSONPattern
    private let hole: Int

    /// Learns from a chunk; nil when it brings no piece.
    init?(_ chunk: PlainChunk, _ bytes: [UInt8]) {
        guard let piece = chunk.piece, let (pattern, hole) = chunk.pattern(bytes) else { return nil }
        kind = piece.kind
        call = chunk.call
        self.pattern = pattern
        self.hole = hole
    }

    /// The piece in a chunk that looks the same, or nil.
    func text(of bytes: [UInt8]) -> JSONText? {
        let all = bytes[...]
        guard let found = pattern.find(hole, in: all.span) else { return nil }
        return JSONText(escaped: Array(bytes[found.range]), plain: !found.isEscaped)
    }
}
