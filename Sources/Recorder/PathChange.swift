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
        let found = edits(answer)
        if found.isEmpty { return nil }
        var changed = answer
        changed.bytes = answer.bytes.edited(0..<answer.bytes.count, found)
        changed.marks = Self.moved(answer.marks, by: found)
        return changed
    }

    private func edits(_ answer: RecordedAnswer) -> [Edit] {
        let bytes = answer.bytes
        var pieces = TextPieces(bytes, isEventStream: answer.isEventStream)
        var edits: [Edit] = []
        var covered = 0
        for at in bytes.indices where bytes[at] == UInt8(ascii: "/") || bytes[at] == UInt8(ascii: "-") {
            if at < covered, edits.contains(where: { $0.range.contains(at) }) { continue }
            for pair in pairs {
                guard let ranges = Self.place(of: pair.from, bytes, at, &pieces) else { continue }
                for (number, range) in ranges.enumerated() {
                    edits.append(Edit(range: range, replacement: number == 0 ? pair.to : []))
                }
                covered = max(covered, ranges[ranges.count - 1].upperBound)
                break
            }
        }
        return edits.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// The stretches that a path takes if it begins here and ends as a word; where a piece of its text ends, it may go on
    /// in the next one.
    private static func place(
        of path: [UInt8], _ bytes: [UInt8], _ start: Int, _ pieces: inout TextPieces
    ) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        var (from, at, matched) = (start, start, 0)
        while at < bytes.count {
            if bytes[at] == UInt8(ascii: "\"") {
                if from < at { ranges.append(from..<at) }
                guard let next = pieces.next(behind: at) else { return matched == path.count ? ranges : nil }
                (from, at) = (next, next)
            } else if matched == path.count {
                if TextMask.isWord(bytes[at]) { return nil }
                return from < at ? ranges + [from..<at] : ranges
            } else if bytes[at] == path[matched] {
                matched += 1
                at += 1
            } else {
                return nil
            }
        }
        return matched == path.count ? ranges + [from..<at] : nil
    }

    /// Where the marks stand behind the edits; what is inside one goes to its end.
    private static func moved(_ marks: [Moment.Events.Mark], by edits: [Edit]) -> [Moment.Events.Mark] {
        var (next, growth) = (0, 0)
        return marks.map { mark in
            while next < edits.count, edits[next].range.lowerBound < mark.offset {
                growth += edits[next].replacement.count - edits[next].range.count
                next += 1
            }
            return .init(offset: mark.offset + growth, milliseconds: mark.milliseconds)
        }
    }
}
