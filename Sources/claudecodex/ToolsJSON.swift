internal import Intercept
internal import Recorder

/// The answer of `claudecodex tools --json`.
extension ToolsReport {
    func json(_ damage: TraceScan.Damage) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        list("tools", use.rows, &out, Self.write)
        list("sequences", use.pairs + use.triples, &out) { sequence, out in
            Self.write("tools", sequence.tools, &out)
            out.field("count", sequence.count)
        }
        list("repeated", use.repetitions, &out) { repetition, out in
            Self.write(repetition.first, &out)
            out.field("count", repetition.count)
            out.field("repeated_bytes", repetition.repeatedBytes)
        }
        list("after_failure", use.afterFailures, &out) { after, out in
            out.field("tool", after.tool)
            out.field("same_call", after.sameCall)
            out.field("other_input", after.otherInput)
            out.field("other_tool", after.otherTool)
            out.field("no_call", after.nothing)
        }
        list("loops", use.loops, &out) { loop, out in
            Self.write("tools", loop.calls.map(\.tool), &out)
            out.field("rounds", loop.rounds)
            out.field("id", loop.calls[0].exchange)
            out.field("session", loop.calls[0].thread.session)
        }
        list("parallel", use.parallel.sorted { $0.key < $1.key }, &out) { width, out in
            out.field("calls", width.key)
            out.field("answers", width.value)
        }
        list("open_calls", use.openCalls, &out, Self.write)
        list("stray_results", strayResults, &out) { result, out in
            out.field("tool_id", result.id)
            out.field("tool", result.tool)
        }
        let called = Set(use.rows.map(\.tool))
        list("offered", offers, &out) { offer, out in
            out.field("tool", offer.tool)
            out.field("requests", offer.requests)
            out.field("bytes", offer.bytes)
            out.field("bytes_per_request", offer.bytes / max(1, offer.requests))
            out.field("called", called.contains(offer.tool))
        }
        let bytes = unused.reduce(0) { $0 + $1.bytes }
        out.key("unused")
        out.beginObject()
        out.field("tools", unused.count)
        out.field("bytes", bytes)
        out.field("requests", requests)
        out.field("bytes_per_request", bytes / max(1, requests))
        out.endObject()
        damage.write(&out)
        out.endObject()
        out.newline()
        return out.bytes
    }

    private func list<T>(
        _ name: StaticString, _ all: [T], _ out: inout JSONWriter, _ write: (T, inout JSONWriter) -> Void
    ) {
        out.key(name)
        out.beginArray()
        for one in all {
            out.beginObject()
            write(one, &out)
            out.endObject()
        }
        out.endArray()
    }

    private static func write(_ row: ToolUse.Row, _ out: inout JSONWriter) {
        out.field("tool", row.tool)
        out.field("calls", row.calls)
        out.field("failed", row.failed)
        out.field("open", row.open)
        out.field("input_bytes", row.inputBytes)
        out.field("output_bytes", row.outputBytes)
        if let median = row.medianGap { out.field("median_gap_ms", median) }
        if let p95 = row.p95Gap { out.field("p95_gap_ms", p95) }
    }

    private static func write(_ call: RecordedCall, _ out: inout JSONWriter) {
        out.field("tool", call.tool)
        out.field("tool_id", call.id)
        out.field("id", call.exchange)
        out.field("session", call.thread.session)
        out.field("input", call.input)
    }

    private static func write(_ name: StaticString, _ texts: [String], _ out: inout JSONWriter) {
        out.key(name)
        out.beginArray()
        for text in texts { out.string(text) }
        out.endArray()
    }
}
