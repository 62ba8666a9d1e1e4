internal import Intercept
internal import Recorder

/// The answer of `claudecodex cache --json`.
extension CacheReport {
    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.object { out in
            out.key("turns")
            out.beginArray()
            for turn in turns { Self.write(turn, prices, &out) }
            out.endArray()
            out.key("summary")
            Self.write(summary, of: turns.count, &out)
            out.field("forgotten_conversations", forgotten)
            damage.write(&out)
        }
        out.newline()
        return out.bytes
    }

    private static func write(_ turn: CacheTurn, _ prices: PriceList, _ out: inout JSONWriter) {
        out.object { out in
            out.field("number", turn.number)
            out.field("id", turn.id)
            out.field("session", turn.conversation.session)
            out.field("agent", turn.conversation.agent)
            out.field("kind", turn.conversation.kind)
            out.field("thread", turn.conversation.thread)
            out.field("ts", turn.time)
            out.field("model", turn.model)
            out.field("backend", turn.backend)
            out.field("upstream_model", turn.upstreamModel)
            out.field("status", ifPresent: turn.status)
            out.field("outcome", ifPresent: turn.outcome)
            if turn.isCounted { writeCounts(turn, &out) }
            out.field("explicit", turn.isExplicit)
            if let base = turn.base {
                out.key("base")
                out.object { out in
                    out.field("id", base.id)
                    out.field("number", base.number)
                }
            }
            if let miss = turn.miss { write(miss, turn, prices, &out) }
            out.field("server_reason", ifPresent: turn.serverReason)
        }
    }

    /// To a millionth of a dollar: what is added up in binary fractions has no more to say.
    private static func rounded(_ dollars: Double) -> Double { (dollars * 1e6).rounded() / 1e6 }

    private static func writeCounts(_ turn: CacheTurn, _ out: inout JSONWriter) {
        out.field("prompt_tokens", turn.prompt)
        out.field("cache_read_tokens", turn.read)
        out.field("cache_written_tokens", turn.written)
        if let hit = turn.hit { out.field("hit", hit) }
        out.field("expected_tokens", turn.expected)
    }

    private static func write(_ miss: CacheMiss, _ turn: CacheTurn, _ prices: PriceList, _ out: inout JSONWriter) {
        out.field("reason", miss.name)
        out.field("avoidable", miss.isAvoidable)
        out.field("missed_tokens", turn.missedTokens)
        if let dollars = turn.missedDollars(prices) { out.field("missed_usd", rounded(dollars)) }
        out.key("detail")
        out.object { write(detail: miss, &$0) }
    }

    private static func write(detail miss: CacheMiss, _ out: inout JSONWriter) {
        switch miss {
        case .tooSmall(let tokens, let minimum):
            out.field("tokens", tokens)
            out.field("minimum", minimum)
        case .modelChanged(let from, let to):
            out.field("from", from)
            out.field("to", to)
        case .toolsChanged(let changes), .systemChanged(let changes), .settingsChanged(let changes):
            write(changes, &out)
        case .historyEdited(let edit): write(edit, &out)
        case .expired(let idle, let life, let isPromised):
            out.field("idle_ms", idle)
            out.field("life_ms", life)
            out.field("promised", isPromised)
        case .markerMoved(let blocks): out.field("blocks", blocks)
        case .routing(let keyChanged): out.field("key_changed", keyChanged)
        case .unread(let why): out.field("why", why)
        case .firstRequest, .unmarked, .nothingKept, .parallel, .notReported, .unknown: break
        }
    }

    private static func write(_ changes: [PromptChange], _ out: inout JSONWriter) {
        out.key("changes")
        out.beginArray()
        for change in changes {
            out.object { out in
                out.field("how", change.how.rawValue)
                out.field("name", change.name)
                out.field("path", change.path)
                out.field("position", change.position)
                out.field("count", change.count)
                if change.isAttribution { out.field("billing_header", true) }
            }
        }
        out.endArray()
    }

    private static func write(_ edit: HistoryEdit, _ out: inout JSONWriter) {
        out.field("how", edit.how.rawValue)
        out.field("before", edit.before)
        out.field("after", ifPresent: edit.after)
        out.field("blocks", edit.blocks)
        out.field("bytes_before", edit.bytesBefore)
        out.field("bytes_after", edit.bytesAfter)
    }

    private static func write(_ summary: CacheSummary, of turns: Int, _ out: inout JSONWriter) {
        out.object { out in
            out.field("turns", turns)
            out.field("counted", summary.counted)
            out.field("hits", summary.hits)
            out.field("misses", summary.misses)
            out.field("avoidable_misses", summary.avoidable)
            out.field("missed_tokens", summary.missedTokens)
            out.field("avoidable_tokens", summary.avoidableTokens)
            out.field("missed_usd", rounded(summary.missedDollars))
            out.field("avoidable_usd", rounded(summary.avoidableDollars))
            out.field("unpriced_misses", summary.unpriced)
            out.field("prompt_tokens", summary.prompt)
            out.field("cache_read_tokens", summary.read)
            out.field("cache_written_tokens", summary.written)
            out.key("reasons")
            out.beginArray()
            for row in summary.reasons {
                out.object { out in
                    out.field("reason", row.reason)
                    out.field("misses", row.misses)
                    out.field("avoidable_misses", row.avoidable)
                    out.field("missed_tokens", row.missedTokens)
                }
            }
            out.endArray()
        }
    }
}
