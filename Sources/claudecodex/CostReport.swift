internal import Intercept
internal import Recorder

/// The answer of `claudecodex cost`, for people and as JSON.
struct CostReport {
    let sums: CostSums
    /// The lists in force.
    let lists: String

    /// How many models without a price people see.
    private static let shown = 10

    func lines(_ terminal: Terminal) -> [String] {
        table.lines(terminal)
            + Text.notes(notes, terminal.columns)
    }

    private var table: Table {
        var table = Table([
            .init(title: sums.grouping.rawValue, isFlexible: true), .init(title: "requests", isRight: true),
            .init(title: "input", isRight: true), .init(title: "read", isRight: true),
            .init(title: "written", isRight: true),
            .init(title: "output", isRight: true), .init(title: "hit", isRight: true),
            .init(title: "cost", isRight: true),
        ])
        for row in sums.rows + (sums.rows.count > 1 ? [sums.total] : []) { table.add(cells(row)) }
        return table
    }

    private func cells(_ row: CostSums.Row) -> [String] {
        [
            row.name.isEmpty ? "-" : row.name, "\(row.requests)", Amounts.tokens(row.input),
            Amounts.tokens(row.cacheRead),
            Amounts.tokens(row.cacheWritten), Amounts.tokens(row.output),
            Amounts.percent(row.cacheRead, of: row.prompt) ?? "", cost(row),
        ]
    }

    /// `?` when nothing of it has a price.
    private func cost(_ row: CostSums.Row) -> String {
        let isPart = row.unpriced + row.unended > 0
        return row.dollars == 0 && isPart ? "?" : Amounts.sum(row.dollars, isPart: isPart)
    }

    private var notes: [(title: String, text: String)] {
        var notes: [(title: String, text: String)] = []
        let total = sums.total
        for gap in sums.gaps.prefix(Self.shown) {
            let tokens = "\(Amounts.tokens(gap.prompt)) in, \(Amounts.tokens(gap.output)) out"
            notes.append(("unpriced", "\(Text.count(gap.requests, "request")), \(tokens): \(gap.why.words(gap.model))"))
        }
        if sums.gaps.count > Self.shown { notes.append(("", "and \(sums.gaps.count - Self.shown) more")) }
        if sums.gaps.contains(where: { $0.why == .model || $0.why == .cache }) {
            notes.append(("", "give prices with --prices FILE; claudecodex help --prices"))
        }
        if total.uncounted > 0 {
            notes.append(
                ("uncounted", "\(Text.count(total.uncounted, "request")) without token counts: refused or broken off"))
        }
        if total.unended > 0 {
            notes.append(("not ended", "\(Text.count(total.unended, "request")): the trace ends before the answer"))
        }
        if total.broken > 0 {
            notes.append(
                ("broken off", "\(Text.count(total.broken, "answer")): the output is counted as far as it came"))
        }
        if total.searches > 0 { notes.append(("searches", Text.count(total.searches, "web search", "web searches"))) }
        notes.append(("prices", prices))
        if let recorded { notes.append(("recorded", recorded)) }
        return notes
    }

    private var prices: String {
        if sums.sources.isEmpty { return lists }
        let used = sums.sources.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let names = used.map { used.count > 1 ? "\($0.key) (\(Text.count($0.value, "request")))" : $0.key }
        let old = sums.recordedOnly > 0 ? "; \(sums.recordedOnly) as recorded" : ""
        return names.joined(separator: ", ") + old
    }

    /// Said only where the time of recording knew another sum for the same requests.
    private var recorded: String? {
        let total = sums.total
        guard total.recorded > 0, abs(total.recordedDollars - total.dollars) > 1e-6 else { return nil }
        return
            "\(Amounts.sum(total.recordedDollars)) for \(Text.count(total.recorded, "request")) at the prices of their time"
    }

    // MARK: JSON

    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("by", sums.grouping.rawValue)
        out.key("rows")
        out.beginArray()
        for row in sums.rows { write(row, &out) }
        out.endArray()
        out.key("total")
        write(sums.total, &out)
        writeGaps(&out)
        out.field("price_lists", lists)
        out.key("price_sources")
        out.beginArray()
        for (source, requests) in sums.sources.sorted(by: { $0.key < $1.key }) {
            out.beginObject()
            out.field("source", source)
            out.field("requests", requests)
            out.endObject()
        }
        out.endArray()
        out.field("recorded_usd", sums.total.recordedDollars)
        out.field("recorded_requests", sums.total.recorded)
        damage.write(&out)
        out.endObject()
        out.newline()
        return out.bytes
    }

    private func write(_ row: CostSums.Row, _ out: inout JSONWriter) {
        out.beginObject()
        out.field("name", row.name)
        out.field("requests", row.requests)
        out.field("input_tokens", row.input)
        out.field("cache_read_tokens", row.cacheRead)
        out.field("cache_write_tokens", row.cacheWritten)
        out.field("output_tokens", row.output)
        out.field("web_searches", row.searches)
        if row.prompt > 0 { out.field("hit", Double(row.cacheRead) / Double(row.prompt)) }
        out.field("cost_usd", row.dollars)
        out.field("unpriced_requests", row.unpriced)
        out.field("unpriced_tokens", row.unpricedTokens)
        out.field("uncounted_requests", row.uncounted)
        out.field("unended_requests", row.unended)
        out.field("broken_off", row.broken)
        out.endObject()
    }

    private func writeGaps(_ out: inout JSONWriter) {
        out.key("unpriced")
        out.beginArray()
        for gap in sums.gaps {
            out.beginObject()
            out.field("model", gap.model)
            out.field("why", gap.why.rawValue)
            out.field("requests", gap.requests)
            out.field("prompt_tokens", gap.prompt)
            out.field("output_tokens", gap.output)
            out.endObject()
        }
        out.endArray()
    }
}

extension Unpriced {
    /// `price unknown for qwen3:8b`
    func words(_ model: String) -> String {
        switch self {
        case .model: "price unknown for \(model)"
        case .cache: "no price is known for the cache of \(model)"
        case .tier: "\(model) has no list price at the tier that served it"
        case .estimate: "the service of \(model) gave no counts, these are estimates"
        }
    }
}
