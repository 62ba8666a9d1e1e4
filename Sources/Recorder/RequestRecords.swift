/// The records of what goes in: `request`, `translation`, `upstream`.
internal import Intercept

extension RecordWriter {
    func write(_ request: Moment.Request, _ bodyDropped: Int?, _ notes: ExchangeNotes, _ time: Timestamp) {
        let body = request.bytes.isEmpty ? nil : code(request.bytes, request.body, notes.session.requests, notes)
        let json = request.body
        notes.model = json?["model"]?.string
        notes.requestHash = body?.hashes.hex
        let images = body.map { ImageCount.cumulative($0) } ?? []
        var isKept = false
        let isWritten = emit("request", notes, time) { out in
            out.field("method", request.method)
            out.field("path", redactor.withoutSecrets(request.path))
            out.field("query", ifPresent: request.query.map { queries.of($0, redactor.query) })
            requestHeaders.write(request.headers, redactor, into: &out)
            clients.write(request.headers["user-agent"], redactor, into: &out)
            out.field("model", ifPresent: notes.model.map(redactor.withoutSecrets))
            if let stream = json?["stream"]?.bool { out.field("stream", stream) }
            out.field("max_tokens", ifPresent: json?["max_tokens"]?.int)
            if let body { writeCounts(body, images, into: &out) }
            out.field("body_bytes", bodyDropped ?? request.bytes.count)
            if let body {
                write(hash: body, into: &out)
                out.field("retry_of", ifPresent: notes.session.failure(hash: body.hashes.hex))
                isKept = body.write(into: &out)
            } else if bodyDropped != nil {
                out.field("body_dropped", "overflow")
            }
        }
        guard let body else { return }
        noteDroppedBody(isKept, notes)
        if isWritten, isKept, let body = remembered(body, notes, attempt: nil, images: images) {
            notes.session.requests.remember(body)
            sessions.trim()
        }
        writeToolResults(body, notes, time)
    }

    func write(_ translation: Moment.Translation, _ notes: ExchangeNotes, _ time: Timestamp) {
        if !translation.upstreamModel.isEmpty { notes.upstreamModel = translation.upstreamModel }
        emit("translation", notes, time) { out in
            out.field("backend", translation.backend)
            out.field("upstream_model", translation.upstreamModel)
            out.field("translate_us", translation.microseconds.tenths)
            out.key("losses")
            out.beginArray()
            for loss in translation.losses.all {
                out.beginObject()
                out.field("op", loss.operation.rawValue)
                out.field("path", loss.path)
                out.field("why", loss.why)
                out.field("from", ifPresent: loss.from.map(redactor.text))
                out.field("as", ifPresent: loss.to.map(redactor.text))
                out.endObject()
            }
            out.endArray()
        }
    }

    func write(_ upstream: Moment.Upstream, _ bodyDropped: Int?, _ notes: ExchangeNotes, _ time: Timestamp) {
        var body: CodedBody?
        if bodyDropped == nil, let bytes = upstream.body, !bytes.isEmpty {
            body = code(bytes, notes.session.upstreams, notes)
        }
        var isKept = false
        let isWritten = emit("upstream", notes, time) { out in
            out.field("try", upstream.attempt)
            out.field("method", upstream.method)
            out.field("url", urls.of(upstream.url, redactor.url))
            upstreamHeaders.write(upstream.headers, redactor, into: &out)
            out.field("model", upstream.model)
            out.field("body_bytes", upstream.bodyBytes)
            if let body {
                write(hash: body, into: &out)
                isKept = body.write(into: &out)
            } else if bodyDropped != nil {
                out.field("body_dropped", "overflow")
            } else if upstream.body == nil {
                out.field("body_sha256", ifPresent: notes.requestHash)
            }
        }
        guard let body else { return }
        noteDroppedBody(isKept, notes)
        if isWritten, isKept, let body = remembered(body, notes, attempt: upstream.attempt, images: []) {
            notes.session.upstreams.remember(body)
            sessions.trim()
        }
    }

    private func code(_ bytes: [UInt8], _ json: JSON?, _ memory: BodyMemory, _ notes: ExchangeNotes) -> CodedBody {
        let isDelta = configuration.mode == .delta
        return CodedBody(bytes, json: json, redactor: redactor, memory: isDelta ? memory : nil, thread: notes.thread)
    }

    private func code(_ bytes: [UInt8], _ memory: BodyMemory, _ notes: ExchangeNotes) -> CodedBody {
        let isDelta = configuration.mode == .delta
        return CodedBody(bytes, redactor: redactor, memory: isDelta ? memory : nil, thread: notes.thread)
    }

    private func noteDroppedBody(_ isKept: Bool, _ notes: ExchangeNotes) {
        guard !isKept else { return }
        notes.dropped += 1
        statistics.redactionFailures += 1
    }

    private func write(hash body: CodedBody, into out: inout JSONWriter) {
        guard let edits = body.edits else { return }
        out.field("body_sha256", body.hashes.hex)
        if !edits.isEmpty { out.field("redacted", edits.count) }
    }

    private func remembered(_ body: CodedBody, _ notes: ExchangeNotes, attempt: Int?, images: [Int]) -> RememberedBody?
    {
        guard configuration.mode == .delta, let outline = body.outline, let edits = body.edits else { return nil }
        return RememberedBody(
            id: notes.exchange.id, attempt: attempt, thread: notes.thread, outline: outline, edits: edits,
            hashes: body.hashes, images: images)
    }

    private func writeCounts(_ body: CodedBody, _ images: [Int], into out: inout JSONWriter) {
        guard let outline = body.outline else {
            if let messages = body.json?["messages"], messages.isArray { out.field("messages", messages.count) }
            if let tools = body.json?["tools"], tools.isArray { out.field("tools", tools.count) }
            return
        }
        out.field("messages", ifPresent: outline.count(of: "messages"))
        out.field("tools", ifPresent: outline.count(of: "tools"))
        if let total = images.last { out.field("images", total) }
    }
}

extension Outline {
    /// Elements of the array with this name, or nil when there is none in compact form.
    func count(of name: String) -> Int? {
        members.first { bytes[$0.key].dropFirst().dropLast().elementsEqual(name.utf8) }?.elements?.count
    }
}

extension Double {
    /// With one digit behind the point.
    var tenths: Double { (self * 10).rounded() / 10 }
    /// With three digits behind the point.
    var thousandths: Double { (self * 1000).rounded() / 1000 }
}
