internal import Recorder

/// Reasons for a miss in words, and what helps against them.
enum CacheWords {
    static func text(_ miss: CacheMiss, _ turn: CacheTurn) -> String {
        switch miss {
        case .firstRequest: "first request"
        case .unmarked: "NOT MARKED: nothing in the request asks to be cached"
        case .nothingKept: "nothing in the cache: #\(turn.base?.number ?? 0) wrote nothing there"
        case .tooSmall(let tokens, let minimum):
            "too small: \(Amounts.tokens(tokens)) tokens, the model keeps \(Amounts.tokens(minimum)) or more"
        case .modelChanged(let from, let to): "MODEL changed: \(from) -> \(to)"
        case .toolsChanged(let changes): "TOOLS changed: \(list(changes))"
        case .systemChanged(let changes): "SYSTEM changed: \(list(changes))"
        case .settingsChanged(let changes): "SETTINGS changed: \(changes.map(\.name).joined(separator: ", "))"
        case .historyEdited(let edit): "HISTORY edited: \(text(edit))"
        case .expired(let idle, let life, let isPromised):
            "EXPIRED: \(span(idle)) since the prefix was used, "
                + (isPromised ? "the mark lives \(span(life))" : "services keep it about \(span(life))")
        case .markerMoved(let blocks): marker(blocks)
        case .parallel: "PARALLEL: sent before #\(turn.base?.number ?? 0) was answered"
        case .routing(let keyChanged):
            "routing: same prefix, in time, nothing read" + (keyChanged ? " (another prompt_cache_key)" : "")
        case .notReported: "the service reports no cache"
        case .unknown: "unknown: same prefix, in time, less read"
        case .unread(let why): "not compared: \(why)"
        }
    }

    /// Why nothing is known of a request's cache.
    static func uncounted(_ turn: CacheTurn) -> String {
        switch (turn.outcome, turn.status) {
        case (nil, _): "no counts: not ended in this trace"
        case (_, let status?) where status >= 400: "no counts: status \(status)"
        case ("ok", _): "no counts" + (turn.status.map { ": status \($0)" } ?? "")
        case ("client_gone", _): "no counts: the client went away"
        default: "no counts: the answer broke off"
        }
    }

    /// By the name of the reason.
    static let advice = [
        "unmarked": "let the client set cache_control on its last block",
        "model_changed": "keep one model in a conversation; each model has a cache of its own",
        "tools_changed":
            "let MCP servers connect before the first prompt, or defer their tools (ENABLE_TOOL_SEARCH=true)",
        "system_changed":
            "keep times, counters and file lists out of the system prompt; put them into the last message",
        "settings_changed": "keep thinking, tool choice and speed the same in a conversation",
        "history_edited": "append to a conversation, do not rewrite it; trim rarely and much at once",
        "expired": "go on sooner, or ask for marks that live an hour (ttl 1h: writing costs 2x instead of 1.25x)",
        "marker_moved": "set a mark at least every 20 blocks",
        "parallel": "wait for the first answer to begin before sending others with the same prefix",
    ]

    private static let shown = 3

    /// `+ mcp__gh__issue (position 14 of 15)`
    private static func list(_ changes: [PromptChange]) -> String {
        let more = changes.count > shown ? " and \(changes.count - shown) more" : ""
        return changes.prefix(shown).map(text).joined(separator: ", ") + more
    }

    private static func text(_ change: PromptChange) -> String {
        let sign =
            switch change.how {
            case .added: "+ "
            case .removed: "- "
            case .changed: "~ "
            case .moved: "moved: "
            }
        let name = change.isAttribution ? "the client's billing header (breaks prefix caching here)" : change.name
        return "\(sign)\(name) (position \(change.position) of \(change.count))"
    }

    private static func text(_ edit: HistoryEdit) -> String {
        let sizes = "\(edit.bytesBefore) -> \(edit.bytesAfter) bytes"
        let what =
            switch edit.how {
            case .compaction: "compaction"
            case .thinkingCleared: "thinking cleared (\(Text.count(edit.blocks, "block")))"
            case .toolResultTrimmed: "tool result trimmed (\(sizes))"
            case .toolResultChanged: "tool result changed (\(sizes))"
            case .reminderChanged: "a reminder came, went or changed"
            case .rewound: "goes on from an earlier message"
            case .blocksRemoved: "\(Text.count(edit.blocks, "block")) removed"
            case .blocksInserted: "\(Text.count(edit.blocks, "block")) inserted"
            case .textChanged: "text changed (\(sizes))"
            case .other: "changed (\(sizes))"
            }
        return "\(what) at \(edit.after ?? edit.before)"
    }

    private static func marker(_ blocks: Int) -> String {
        blocks > 0
            ? "MARKER moved: \(blocks) blocks behind what was kept, it looks back 20"
            : "MARKER moved: the last mark is \(Text.count(-blocks, "block")) before the end of what was kept"
    }

    /// `42 s`, `6 min 12 s`, `1 h`, `2 h 5 min`
    static func span(_ milliseconds: Double) -> String {
        let seconds = Int(max(0, min(milliseconds, 1e15)) / 1000)
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
        let first = parts.firstIndex { $0.0 > 0 } ?? 2
        return parts[first...].prefix(2).filter { $0.0 > 0 || first == 2 }.map { "\($0.0) \($0.1)" }
            .joined(separator: " ")
    }
}
