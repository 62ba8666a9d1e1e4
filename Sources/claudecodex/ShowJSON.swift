internal import Intercept
internal import Recorder

/// The answers of `claudecodex show --json`.
enum ShowJSON {
    static func sessions(_ trees: [ShowTree], _ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.key("sessions")
        out.beginArray()
        for tree in trees {
            out.beginObject()
            out.field("session", tree.session.id)
            out.key("turns")
            out.beginArray()
            for (index, turn) in tree.session.turns.enumerated() where tree.chosen.contains(turn.id) {
                out.beginObject()
                let places = tree.session.places(of: index)
                write(turn, &out) { tree.started(by: places[$0]) }
                out.endObject()
            }
            out.endArray()
            out.endObject()
        }
        out.endArray()
        damage.write(&out)
        out.endObject()
        out.newline()
        return out.bytes
    }

    /// The members of a turn; `agents` gives those that a call started.
    static func write(_ turn: SessionTurn, _ out: inout JSONWriter, agents: (Int) -> [String]) {
        out.field("number", ifPresent: turn.number)
        out.field("id", turn.id)
        out.field("time", turn.time)
        out.field("agent", turn.agent)
        out.field("parent_agent", ifPresent: turn.parentAgent)
        out.field("kind", turn.kind)
        out.field("model", turn.model)
        out.field("backend", turn.backend)
        out.field("upstream_model", turn.upstreamModel)
        out.field("attempts", turn.attempts)
        out.field("status", ifPresent: turn.status)
        out.field("outcome", ifPresent: turn.outcome)
        out.field("stop_reason", turn.stopReason)
        if let time = turn.firstToken { out.field("ttft_ms", time) }
        if let time = turn.duration { out.field("duration_ms", time) }
        if let prompt = turn.prompt {
            out.field("prompt_tokens", prompt)
            out.field("cache_read_tokens", turn.cacheRead)
            out.field("output_tokens", turn.output)
        }
        out.field("user", turn.user)
        out.field("assistant", turn.assistant)
        strings("errors", turn.errors, &out)
        out.field("losses", turn.losses)
        out.field("retry_of", ifPresent: turn.retryOf)
        out.key("calls")
        out.beginArray()
        for (index, call) in turn.calls.enumerated() { write(call, agents(index), &out) }
        out.endArray()
    }

    private static func write(_ call: SessionTurn.Call, _ agents: [String], _ out: inout JSONWriter) {
        out.beginObject()
        out.field("tool_id", call.id)
        out.field("tool", call.tool)
        out.field("input", call.input)
        out.field("time", call.time)
        if let result = call.result {
            out.key("result")
            out.beginObject()
            out.field("id", result.exchange)
            out.field("is_error", result.isError)
            out.field("content_bytes", result.bytes)
            if let gap = result.gap { out.field("gap_ms", gap) }
            out.field("preview", result.preview)
            out.endObject()
        }
        strings("starts", agents, &out)
        out.endObject()
    }

    static func strings(_ name: StaticString, _ all: [String], _ out: inout JSONWriter) {
        out.key(name)
        out.beginArray()
        for one in all { out.string(one) }
        out.endArray()
    }
}
