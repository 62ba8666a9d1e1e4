internal import Intercept

/// Replaces a word in the text of answers, also where the word comes in pieces: `Wording(word: "utilize", by: "use")`.
struct Wording: Interceptor {
    private let word: String
    private let other: String
    private var held = ""  // the end of the text so far, which may be the beginning of the word

    init(word: String, by other: String) { (self.word, self.other) = (word, other) }

    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict {
        switch event {
        case .blockDelta(let index, .text(let text)):
            var parts = (held + text.string).parts(around: word)
            let last = parts.removeLast()
            let beginnings = stride(from: word.count - 1, to: 0, by: -1).map { String(word.prefix($0)) }
            held = beginnings.first { last.hasSuffix($0) } ?? ""
            parts.append(String(last.dropLast(held.count)))
            let ready = JSONText(parts.joined(separator: other))
            event = .blockDelta(index: index, delta: .text(ready))
            return ready.isEmpty ? .drop : .pass
        case .blockStop(let index) where !held.isEmpty:
            defer { held = "" }
            return .replace([.blockDelta(index: index, delta: .text(JSONText(held))), event])
        default: return .pass
        }
    }
}
