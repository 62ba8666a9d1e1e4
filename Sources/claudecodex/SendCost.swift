internal import Intercept
internal import Recorder

/// What answers cost beside the recorded ones, and of which that is not known.
struct SendCost {
    /// One side's answers without a price, by the reason.
    private struct Gap: Hashable {
        let model: String
        let why: Unpriced

        init?(_ outline: AnswerOutline) {
            guard case .unknown(let why)? = outline.charge else { return nil }
            (model, self.why) = (outline.model, why)
        }
    }

    /// Of the answers that have a price on both sides.
    private(set) var priced = 0
    private(set) var recorded = 0.0
    private(set) var now = 0.0
    private var gaps: [Gap: (recorded: Int, now: Int)] = [:]
    private var sources: Set<String> = []

    init(_ answered: [SendReport.Answered]) {
        for one in answered {
            let (old, new) = (one.outcome.job.recorded, one.answer)
            if let before = old.charge?.dollars, let after = new.charge?.dollars {
                priced += 1
                recorded += before
                now += after
            }
            if let gap = Gap(old) { gaps[gap, default: (0, 0)].recorded += 1 }
            if let gap = Gap(new) { gaps[gap, default: (0, 0)].now += 1 }
            for case .dollars(_, let source)? in [old.charge, new.charge] { sources.insert(source) }
        }
    }

    private var sorted: [(gap: Gap, counts: (recorded: Int, now: Int))] {
        gaps.map { ($0.key, $0.value) }.sorted {
            ($0.gap.model, $0.gap.why.rawValue) < ($1.gap.model, $1.gap.why.rawValue)
        }
    }

    /// Which prices were used, and what has none: `unpriced 2 recorded, 1 now: price unknown for qwen3:8b`.
    func lines(_ lists: String) -> [String] {
        var lines = sorted.map { gap, counts in
            let sides = [(counts.recorded, "recorded"), (counts.now, "now")].filter { $0.0 > 0 }
            let numbers = sides.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            return Text.printable("unpriced \(numbers): \(gap.why.words(gap.model))")
        }
        if gaps.keys.contains(where: { $0.why == .model || $0.why == .cache }) {
            lines.append("give prices with --prices FILE; claudecodex help --prices")
        }
        lines.append(Text.printable("prices \(sources.isEmpty ? lists : sources.sorted().joined(separator: ", "))"))
        return lines
    }

    func write(_ lists: String, into out: inout JSONWriter) {
        out.field("priced", priced)
        out.field("recorded_usd", (recorded * 1e9).rounded() / 1e9)
        out.field("now_usd", (now * 1e9).rounded() / 1e9)
        out.field("price_lists", lists)
        out.key("unpriced")
        out.beginArray()
        for (gap, counts) in sorted {
            out.beginObject()
            out.field("model", gap.model)
            out.field("why", gap.why.rawValue)
            out.field("recorded", counts.recorded)
            out.field("now", counts.now)
            out.endObject()
        }
        out.endArray()
    }
}
