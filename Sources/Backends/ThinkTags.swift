internal import Intercept

/// Takes thinking out of a text that begins with `<think>`, however the text is divided.
struct ThinkTags: Sendable {
    private enum Phase { case start, inside, behind, done }

    private static let opening = Array("<think>".utf8)
    private static let closing = Array("</think>".utf8)

    private var phase = Phase.start
    /// What may be the beginning of a tag.
    private var held: [UInt8] = []

    /// Text goes through as it is from now on.
    var isDone: Bool { phase == .done }

    /// The next piece; gives what of it is thinking and what is text, in this order.
    mutating func feed(_ piece: JSONText) -> (thinking: JSONText?, text: JSONText?) {
        switch phase {
        case .start: begin(piece)
        case .inside: goOn(piece.utf8Bytes)
        case .behind: (nil, leave(piece.utf8Bytes))
        case .done: (nil, piece)
        }
    }

    private mutating func begin(_ piece: JSONText) -> (thinking: JSONText?, text: JSONText?) {
        if held.isEmpty, Self.beginsOtherwise(piece) {
            phase = .done
            return (nil, piece)
        }
        held += piece.utf8Bytes
        let seen = held.drop { $0 <= 0x20 }
        if seen.starts(with: Self.opening) {
            let rest = Array(seen.dropFirst(Self.opening.count))
            held = []
            phase = .inside
            return goOn(rest)
        }
        if Self.opening.starts(with: seen) { return (nil, nil) }
        return (nil, release())
    }

    /// Most texts begin with a letter and need not be decoded.
    private static func beginsOtherwise(_ piece: JSONText) -> Bool {
        guard let first = piece.escaped.first else { return false }
        return first > 0x20 && first != opening[0] && first != UInt8(ascii: "\\")
    }

    private mutating func goOn(_ bytes: [UInt8]) -> (thinking: JSONText?, text: JSONText?) {
        held += bytes
        var at = 0
        while at < held.count {
            let rest = held[at...]
            if rest.starts(with: Self.closing) {
                let (thinking, text) = (Array(held[..<at]), Array(rest.dropFirst(Self.closing.count)))
                held = []
                phase = .behind
                return (Self.text(thinking), leave(text))
            }
            if rest.first == Self.closing[0], Self.closing.starts(with: rest) { break }
            at += 1
        }
        defer { held.removeFirst(at) }
        return (Self.text(Array(held[..<at])), nil)
    }

    /// The line ends behind the closing tag belong to it.
    private mutating func leave(_ bytes: [UInt8]) -> JSONText? {
        let text = bytes.drop { $0 == 0x0A || $0 == 0x0D }
        if !text.isEmpty { phase = .done }
        return Self.text(Array(text))
    }

    /// Everything has come.
    mutating func finish() -> (thinking: JSONText?, text: JSONText?) {
        let isThinking = phase == .inside
        let rest = release()
        return isThinking ? (rest, nil) : (nil, rest)
    }

    private mutating func release() -> JSONText? {
        defer { held = [] }
        phase = .done
        return Self.text(held)
    }

    private static func text(_ bytes: [UInt8]) -> JSONText? { bytes.isEmpty ? nil : JSONText(utf8: bytes) }
}
