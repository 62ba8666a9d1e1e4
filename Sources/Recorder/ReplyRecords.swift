/// The records of what comes back and of how it ends: `head`, `tool_call`, `response`, `replay`, `intercept`, `check`,
/// `error`, `end`.
internal import Intercept

extension RecordWriter {
    func write(_ head: Moment.Head, _ notes: ExchangeNotes, _ time: Timestamp) {
        emit("head", notes, time) { out in
            out.field("try", head.attempt)
            out.field("status", head.head.status)
            replyHeaders.write(head.head.headers, redactor, into: &out)
            out.field("request_id", ifPresent: head.head.headers["request-id"] ?? head.head.headers["x-amzn-requestid"])
            out.field("connect_ms", milliseconds: head.connectMS)
            out.field("tls_ms", milliseconds: head.tlsMS)
            out.field("reused", head.reused)
            out.field("ttfb_ms", milliseconds: head.firstByteMS)
        }
    }

    func write(_ made: Moment.ToolCallMade, _ notes: ExchangeNotes, _ time: Timestamp) {
        let call = made.call
        notes.calls.append(call.id)
        notes.session[call: call.id] = KnownCall(tool: call.name, exchange: notes.exchange.id, answered: time)
        let isValid = call.arguments != nil
        let input = redacted(call.input, isJSON: isValid, isPrivate: true)
        if input?.isChanged ?? true { (notes.stream.isSuspect, notes.stream.isUnsafe) = (true, true) }
        emit("tool_call", notes, time) { out in
            out.field("tool_id", call.id)
            out.field("upstream_id", ifPresent: made.upstreamID)
            out.field("tool", redactor.withoutSecrets(call.name))
            out.field("index", call.index)
            write("input", input, into: &out)
            out.field("input_bytes", call.input.count)
            out.field("valid", isValid)
            out.field("t_ms", milliseconds: made.milliseconds)
            out.field("server_side", made.isServerSide)
            out.field("model", ifPresent: notes.model.map(redactor.withoutSecrets))
        }
    }

    func write(_ response: Moment.Response, _ notes: ExchangeNotes, _ time: Timestamp) {
        for id in notes.calls { notes.session[call: id]?.answered = time }
        if response.status >= 400 { notes.hasFailed = true }
        let message = response.message.map { redacted($0, isJSON: true, isPrivate: false) }
        let isChanged = message.map { $0?.isChanged ?? true } ?? true
        if isChanged, response.message != nil { notes.stream.isUnsafe = true }
        release(notes, isClean: !isChanged && response.stopReason != nil)
        let body = response.body.map { redacted($0, isJSON: (try? JSON.parse($0)) != nil, isPrivate: false) }
        emit("response", notes, time) { out in
            out.field("status", response.status)
            out.field("model", redactor.withoutSecrets(response.model))
            if let name = notes.upstreamModel, name != response.model {
                out.field("upstream_model", redactor.withoutSecrets(name))
            }
            out.field("backend", response.backend)
            out.field("stop_reason", ifPresent: response.stopReason)
            writeUsage(response.usage, into: &out)
            writeCost(response, notes, into: &out)
            writeTiming(response, into: &out)
            writeCache(response.usage, into: &out)
            if let message { write("message", message, into: &out) }
            if let body { write(body: body, into: &out) }
            out.field("pings", response.pings)
            if let shouldRetry = response.shouldRetry { out.field("should_retry", shouldRetry) }
            out.field("retry_after", ifPresent: response.retryAfter)
        }
    }

    /// A body that is no text goes as base64.
    private func write(body: RedactedValue?, into out: inout JSONWriter) {
        guard let body, !body.isJSON, String(validating: body.bytes, as: UTF8.self) == nil else {
            return write("body", body, into: &out)
        }
        out.field("body_encoding", "base64")
        out.field("body", Base64.encode(body.bytes))
    }

    private func writeUsage(_ usage: Usage?, into out: inout JSONWriter) {
        guard let usage else { return }
        out.key("usage")
        usage.write(into: &out)
        if usage.isEstimate { out.field("usage_estimated", true) }
    }

    private func writeCost(_ response: Moment.Response, _ notes: ExchangeNotes, into out: inout JSONWriter) {
        guard response.backend != Moment.Replay.backend else { return }
        let charge = configuration.prices.charge(
            response.usage, upstreamModel: notes.upstreamModel, model: response.model)
        guard case .dollars(let dollars, let source) = charge else { return }
        out.field("cost_usd", dollars)
        out.field("price_source", source)
    }

    private func writeTiming(_ response: Moment.Response, into out: inout JSONWriter) {
        out.key("timing")
        out.beginObject()
        out.field("ttft_ms", milliseconds: response.firstTokenMS)
        out.field("duration_ms", milliseconds: response.durationMS)
        if let translate = response.translateMicroseconds { out.field("translate_us", translate.tenths) }
        out.field("max_gap_ms", milliseconds: response.largestGapMS)
        out.endObject()
    }

    private func writeCache(_ usage: Usage?, into out: inout JSONWriter) {
        guard let usage, !usage.isEstimate, usage.prompt > 0 else { return }
        out.key("cache")
        out.beginObject()
        out.field("hit", (Double(usage.cacheRead) / Double(usage.prompt)).thousandths)
        out.endObject()
    }

    func write(_ replay: Moment.Replay, _ notes: ExchangeNotes, _ time: Timestamp) {
        emit("replay", notes, time) { out in
            out.field("action", replay.action.rawValue)
            out.field("rung", replay.rung)
            out.field(replay.rung == "fork" ? "fork_of" : "of", ifPresent: replay.of)
            out.field("number", ifPresent: replay.number)
            if replay.isReused { out.field("reused", true) }
            out.field("note", ifPresent: replay.note.map(redactor.text))
        }
    }

    func write(_ intercept: Moment.Intercept, _ notes: ExchangeNotes, _ time: Timestamp) {
        // What is done to an answer's bytes on their way out takes nothing out of it unseen.
        if intercept.hook != "answer" { notes.isAltered = true }
        emit("intercept", notes, time) { out in
            out.field("by", intercept.by)
            out.field("hook", intercept.hook)
            out.field("action", intercept.action)
            out.field("path", ifPresent: intercept.path)
            out.field("before", ifPresent: intercept.before.map(redactor.text))
            out.field("after", ifPresent: intercept.after.map(redactor.text))
            out.field("error", ifPresent: intercept.error.map(redactor.text))
        }
    }

    func write(rule: String, message: String, _ notes: ExchangeNotes, _ time: Timestamp) {
        emit("check", notes, time) { out in
            out.field("rule", rule)
            out.field("message", redactor.text(message))
        }
    }

    func write(_ failure: Moment.Failure, _ notes: ExchangeNotes, _ time: Timestamp) {
        if !failure.isRetried { notes.hasFailed = true }
        emit("error", notes, time) { out in
            out.field("stage", failure.stage)
            out.field("error_type", failure.kind)
            out.field("message", redactor.text(failure.message))
            out.field("status", ifPresent: failure.status)
            out.field("retried", failure.isRetried)
            let body = failure.body.flatMap { String(validating: $0, as: UTF8.self) }
            out.field("body", ifPresent: body.map(redactor.text))
        }
    }

    func write(_ end: Moment.End, _ notes: ExchangeNotes, _ time: Timestamp) {
        if notes.hasFailed || end.outcome != .ok, let hash = notes.requestHash {
            notes.session.noteFailure(hash: hash, id: notes.exchange.id)
        }
        emit("end", notes, time) { out in
            out.field("outcome", end.outcome.rawValue)
            out.field("bytes_in", end.bytesIn)
            out.field("bytes_out", end.bytesOut)
            out.field("dropped", notes.dropped)
        }
    }
}

/// A value as it may be written.
struct RedactedValue {
    var bytes: [UInt8]
    var isJSON: Bool
    /// Something was taken out.
    var isChanged: Bool
}

extension RecordWriter {
    /// A small JSON value (or a text that should have been one) without what must not be kept; nil when redaction failed.
    func redacted(_ bytes: [UInt8], isJSON: Bool, isPrivate: Bool) -> RedactedValue? {
        var edits: [Edit] = []
        if redactor.level == .strict {
            if isJSON {
                guard let json = try? JSON.parse(bytes) else { return nil }
                redactor.collectText(json, name: "", isPrivate: isPrivate, withDigest: true, into: &edits)
            } else if !bytes.isEmpty {
                edits = [Edit(range: 0..<bytes.count, replacement: redactor.measure(bytes[...]))]
            }
        } else {
            edits = redactor.edits(bytes, 0..<bytes.count)
        }
        guard !edits.isEmpty else {
            return RedactedValue(bytes: isJSON ? LineSafety.repaired(bytes) : bytes, isJSON: isJSON, isChanged: false)
        }
        let clean = bytes.edited(0..<bytes.count, edits)
        if isJSON, (try? JSON.parse(clean)) == nil { return nil }
        return RedactedValue(bytes: isJSON ? LineSafety.repaired(clean) : clean, isJSON: isJSON, isChanged: true)
    }

    func write(_ name: StaticString, _ value: RedactedValue?, into out: inout JSONWriter) {
        guard let value else {
            statistics.redactionFailures += 1
            out.key(name)
            return out.string("[redaction failed]")
        }
        out.key(name)
        if value.isJSON { out.verbatim(bytes: value.bytes) } else { out.string(utf8: value.bytes) }
    }
}

extension JSONWriter {
    /// A duration, with a tenth of a millisecond.
    mutating func field(_ name: StaticString, milliseconds: Double?) {
        if let milliseconds { field(name, milliseconds.tenths) }
    }
}
