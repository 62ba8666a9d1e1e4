internal import Intercept

/// What the frame of a plain delta looks like apart from its piece of text and its padding: the next one mostly looks
/// the same and need not be parsed.
struct ConversePattern: Sendable {
    /// Whose text it is.
    enum Kind: Sendable { case text, thinking, input }

    let kind: Kind
    private let headers: [UInt8]
    private let pattern: JSONPattern
    private let hole: Int

    /// Learns from the frame of a delta; nil when it brings something else than one piece of text.
    init?(_ frame: EventStreamFrame, _ payload: JSON) {
        guard let delta = payload["delta"], delta.count == 1, let (kind, text) = Self.piece(delta), text.isString else {
            return nil
        }
        let holes = [text, payload["p"]].compactMap { $0 }.filter(\.isString).map { value in
            value.range.lowerBound + 1..<value.range.upperBound - 1
        }
        let sorted = holes.sorted { $0.lowerBound < $1.lowerBound }
        self.kind = kind
        headers = frame.headerBytes
        hole = sorted.firstIndex { $0.lowerBound == text.range.lowerBound + 1 } ?? 0
        pattern = JSONPattern(frame.payload, 0..<frame.payload.count, holes: sorted)
    }

    private static func piece(_ delta: JSON) -> (Kind, JSON)? {
        if let text = delta["text"] { return (.text, text) }
        if let input = delta["toolUse"]?["input"] { return (.input, input) }
        guard let reasoning = delta["reasoningContent"], reasoning.count == 1 else { return nil }
        return reasoning["text"].map { (.thinking, $0) }
    }

    /// The piece in a frame that looks the same, or nil.
    func text(of frame: EventStreamFrame) -> JSONText? {
        guard frame.headerBytes == headers, let found = pattern.find(hole, in: frame.payload.span) else { return nil }
        return JSONText(escaped: Array(frame.payload[found.range]), plain: !found.isEscaped)
    }
}
