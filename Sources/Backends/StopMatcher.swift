internal import Intercept

/// Cuts a text at the first stop sequence, however the text is divided. Holds back what may be the beginning of one.
struct StopMatcher: Sendable {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// The sequence at which the text was cut.
    private(set) var matched: String?

    init(_ stops: JSON?) {
        self.stops = (stops?.elements.compactMap { $0.text?.utf8Bytes } ?? []).filter { !$0.isEmpty }
    }

    var isIdle: Bool { stops.isEmpty }

    /// Takes more text; gives what certainly comes before any stop.
    mutating func feed(_ text: JSONText) -> JSONText {
        guard matched == nil else { return "" }
        var work = held + text.utf8Bytes
        if let (at, stop) = firstMatch(work) {
            matched = String(decoding: stop, as: UTF8.self)
            held = []
            return JSONText(utf8: Array(work[..<at]))
        }
        let safe = work.count - longestBeginning(work)
        held = Array(work[safe...])
        work.removeSubrange(safe...)
        return JSONText(utf8: work)
    }

    /// The text is over: what was held is text.
    mutating func finish() -> JSONText {
        defer { held = [] }
        return JSONText(utf8: held)
    }

    private func firstMatch(_ text: [UInt8]) -> (Int, [UInt8])? {
        for at in text.indices {
            for stop in stops where text[at] == stop[0] && text[at...].starts(with: stop) { return (at, stop) }
        }
        return nil
    }

    /// Length of the longest end of the text that begins a stop.
    private func longestBeginning(_ text: [UInt8]) -> Int {
        let most = min(text.count, (stops.map(\.count).max() ?? 1) - 1)
        for length in stride(from: most, to: 0, by: -1) {
            let end = text.suffix(length)
            if stops.contains(where: { $0.count > length && $0.starts(with: end) }) { return length }
        }
        return 0
    }
}
