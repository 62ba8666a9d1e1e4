internal import Intercept

/// One line of JSON for one exchange: `--format jsonl`. Names are those of the trace.
enum LiveJSON {
    static func line(_ exchange: ExchangeSummary, _ prices: PriceList = PriceList()) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("ts", (exchange.ended ?? exchange.started).rfc3339)
        out.field("id", exchange.id)
        out.field("session", ifPresent: exchange.session)
        out.field("agent", ifPresent: exchange.agent)
        out.field("kind", exchange.kind.rawValue)
        out.field("status", ifPresent: exchange.status)
        out.field("model", ifPresent: exchange.model)
        out.field("upstream_model", ifPresent: exchange.upstreamModel)
        if let time = exchange.firstByteMS { out.field("ttfb_ms", rounded(time)) }
        if let time = exchange.totalMS { out.field("duration_ms", rounded(time)) }
        if let usage = exchange.usage { write(usage, &out) }
        if case .dollars(let dollars, let source) = exchange.charge(prices) {
            out.field("cost_usd", dollars)
            out.field("price_source", source)
        }
        out.field("stop_reason", ifPresent: exchange.stopReason)
        out.key("tools")
        out.beginArray()
        for tool in exchange.tools { out.string(tool.name) }
        out.endArray()
        if !exchange.losses.isEmpty { write(exchange.losses, &out) }
        if exchange.deniedCalls.count > 0 { out.field("denied", exchange.deniedCalls.count) }
        if !exchange.faults.isEmpty { out.field("fault", exchange.faults.joined(separator: ", ")) }
        if exchange.isError { writeError(exchange, &out) }
        if let replay = exchange.replay { write(replay, &out) }
        out.field("outcome", ifPresent: exchange.outcome?.rawValue)
        out.endObject()
        out.newline()
        return out.bytes
    }

    private static func rounded(_ milliseconds: Double) -> Double { (milliseconds * 10).rounded() / 10 }

    private static func write(_ usage: Usage, _ out: inout JSONWriter) {
        out.key("usage")
        out.beginObject()
        out.field("input_tokens", usage.input)
        out.field("cache_read_input_tokens", usage.cacheRead)
        out.field("cache_creation_input_tokens", usage.cacheCreation)
        out.field("output_tokens", usage.output)
        out.endObject()
    }

    private static func write(_ losses: [Losses.Loss], _ out: inout JSONWriter) {
        out.key("losses")
        out.beginArray()
        for loss in losses {
            out.beginObject()
            out.field("op", loss.operation.rawValue)
            out.field("path", loss.path)
            out.field("why", loss.why)
            out.field("from", ifPresent: loss.from)
            out.field("as", ifPresent: loss.to)
            out.endObject()
        }
        out.endArray()
    }

    private static func write(_ replay: Moment.Replay, _ out: inout JSONWriter) {
        out.key("replay")
        out.beginObject()
        out.field("action", replay.action.rawValue)
        out.field("rung", replay.rung)
        out.field("of", ifPresent: replay.of)
        out.field("number", ifPresent: replay.number)
        out.field("reused", replay.isReused)
        out.field("note", ifPresent: replay.note)
        out.endObject()
    }

    private static func writeError(_ exchange: ExchangeSummary, _ out: inout JSONWriter) {
        let problem = exchange.problem
        out.key("error")
        out.beginObject()
        out.field("stage", ifPresent: exchange.failure?.stage)
        out.field("kind", problem.kind)
        out.field("message", problem.message)
        out.field("client_retries", exchange.clientRetries)
        out.endObject()
    }
}
