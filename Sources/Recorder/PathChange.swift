/// Puts the paths of the client of today in the place of those of the recorded one: a tool call that writes into the
/// recorded directory should write into the present one.
internal import Intercept

public struct PathChange: Sendable, Equatable {
    private struct Pair: Equatable {
        let from: [UInt8]
        let to: [UInt8]
    }

    /// The longest first.
    private let pairs: [Pair]

    /// Nil where both work in the same place, or one place is unknown.
    init?(from old: TextMask, to new: TextMask) {
        var pairs: [Pair] = []
        for (from, to) in [(old.directory, new.directory), (old.slug, new.slug), (old.home, new.home)]
        where !from.isEmpty && !to.isEmpty && from != to {
            pairs.append(Pair(from: from, to: to))
        }
        if pairs.isEmpty { return nil }
        self.pairs = pairs.sorted { $0.from.count > $1.from.count }
    }

    /// The answer with the other paths; nil when it holds none. A path that comes in pieces goes into the piece in which it
    /// begins.
    public func applied(to answer: RecordedAnswer) -> RecordedAnswer? {
        let events = Moment.Events(
            side: .client, part: 0, bytes: answer.bytes, marks: answer.marks, isEventStream: answer.isEventStream)
        let list = EventList(events)
        guard let parsed = list.parsed else { return nil }
        let edits = PieceRedaction.edits([parsed], find: places)[0]
        guard !edits.isEmpty, let changed = try? JSON.parse(list.json.edited(0..<list.json.count, edits)) else {
            return nil
        }
        let bytes = EventBytes(changed, isEventStream: answer.isEventStream)
        var answer = answer
        answer.bytes = bytes.bytes
        answer.marks = bytes.marks
        return answer
    }

    private func places(_ text: [UInt8]) -> [Edit] {
        var edits: [Edit] = []
        var at = 0
        while at < text.count {
            guard let pair = pairs.first(where: { stands($0.from, text, at) }) else {
                at += 1
                continue
            }
            edits.append(Edit(range: at..<at + pair.from.count, replacement: pair.to))
            at += pair.from.count
        }
        return edits
    }

    private func stands(_ path: [UInt8], _ text: [UInt8], _ at: Int) -> Bool {
        guard text[at] == path[0], text[at...].starts(with: path) else { return false }
        return at + path.count == text.count || !TextMask.isWord(text[at + path.count])
    }
}
