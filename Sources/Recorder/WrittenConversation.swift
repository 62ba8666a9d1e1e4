/// What a trace holds of a conversation that is taken from a recording: enough to write the next request as what it adds, and
/// to hash its whole body, at the price of what it adds.
internal import Intercept

final class WrittenConversation {
    /// A stretch of the body: what stands before the messages, or one of them with all before it.
    struct Stretch {
        /// JSON after redaction, of this message alone.
        var text: [UInt8]
        /// Of all up to here. Bytes are those before redaction.
        var bytes: Int
        var edits: Int
        var images: Int
        var hash: SHA256
    }

    /// The exchange whose request is the last; nil where nothing later can be based on it.
    private(set) var base: String?
    private(set) var session: String?
    private(set) var model: String?
    /// The opening, then each message.
    private(set) var stretches: [Stretch] = []

    var messages: Int { max(0, stretches.count - 1) }

    init() {}

    /// The same conversation: another branch of it begins.
    init(branchOf other: WrittenConversation) {
        (base, session, model, stretches) = (other.base, other.session, other.model, other.stretches)
    }

    /// Nothing of the next request can be left out.
    func forget() {
        base = nil
        stretches = []
    }

    /// The body as of this request can be based on.
    func note(_ id: String, session: String?, model: String?) {
        (base, self.session, self.model) = (id, session, model)
    }

    func cut(toMessages count: Int) { stretches.removeLast(max(0, messages - count)) }

    /// Another model, or the first: what stands before the messages, and all hashes.
    func open(_ text: [UInt8], bytes: Int, edits: Int) {
        let grown = bytes - (stretches.first?.bytes ?? 0)
        let edited = edits - (stretches.first?.edits ?? 0)
        var hash = SHA256()
        hash.update(text)
        let opening = Stretch(text: text, bytes: bytes, edits: edits, images: 0, hash: hash)
        if stretches.isEmpty { stretches = [opening] } else { stretches[0] = opening }
        for place in stretches.indices.dropFirst() {
            if place > 1 { hash.update([UInt8(ascii: ",")]) }
            hash.update(stretches[place].text)
            stretches[place].hash = hash
            stretches[place].bytes += grown
            stretches[place].edits += edited
        }
    }

    func add(_ text: [UInt8], bytes: Int, edits: Int, images: Int) {
        var next = stretches[stretches.count - 1]
        if stretches.count > 1 {
            next.hash.update([UInt8(ascii: ",")])
            next.bytes += 1
        }
        next.text = text
        next.hash.update(text)
        next.bytes += bytes
        next.edits += edits
        next.images += images
        stretches.append(next)
    }

    /// Size of the whole body.
    var bytes: Int { (stretches.last?.bytes ?? 0) + 2 }

    /// Hash of the whole body.
    var hex: String? {
        guard var hash = stretches.last?.hash else { return nil }
        hash.update(Array("]}".utf8))
        return hash.hex
    }
}

/// A request of a conversation in a recording: how much of it is that of the request before.
struct ConversationRequest {
    let model: String?
    let conversation: WrittenConversation
    /// How many leading messages are the same.
    let kept: Int
    /// Messages from one on, as a JSON array.
    let encode: (_ from: Int) -> [UInt8]
}

extension RecordWriter {
    /// Writes the `request` record and those of the tool results in it. Gives the body's size.
    func write(_ request: ConversationRequest, _ exchange: Exchange, _ time: Timestamp) -> Int {
        let notes = notes(exchange)
        let conversation = request.conversation
        let isBased = conversation.base != nil && conversation.session == exchange.session && request.kept > 0
        if isBased { conversation.cut(toMessages: request.kept) } else { conversation.forget() }
        let (base, kept) = (conversation.base, conversation.messages)
        let isSameModel = base != nil && conversation.model == request.model
        let body = CodedBody(
            request.document(kept, withModel: !isSameModel), redactor: redactor, memory: nil, thread: notes.thread)
        let isUnderstood = conversation.take(body, isSameModel: isSameModel)
        notes.model = request.model
        notes.requestHash = isUnderstood ? conversation.hex : nil
        var isKept = false
        emit("request", notes, time) { out in
            out.field("method", "POST")
            out.field("path", "/v1/messages")
            requestHeaders.write(HTTPFields(), redactor, into: &out)
            out.field("model", ifPresent: notes.model.map(redactor.withoutSecrets))
            write(sizes: conversation, notes, into: &out)
            guard isUnderstood else { return out.field("body_dropped", "redaction") }
            if let base { request.write(base: base, kept, isSameModel: isSameModel, into: &out) }
            isKept = body.write(into: &out)
        }
        let size = conversation.bytes
        if isKept {
            conversation.note(exchange.id, session: exchange.session, model: request.model)
        } else {
            notes.dropped += 1
            statistics.redactionFailures += 1
            conversation.forget()
        }
        writeToolResults(body, notes, time)
        return size
    }

    private func write(sizes conversation: WrittenConversation, _ notes: ExchangeNotes, into out: inout JSONWriter) {
        out.field("messages", conversation.messages)
        out.field("images", conversation.stretches.last?.images ?? 0)
        out.field("body_bytes", conversation.bytes)
        guard let hash = notes.requestHash else { return }
        out.field("body_sha256", hash)
        if let edits = conversation.stretches.last?.edits, edits > 0 { out.field("redacted", edits) }
        out.field("retry_of", ifPresent: notes.session.failure(hash: hash))
    }
}

extension ConversationRequest {
    /// The messages behind `kept` as a body of their own.
    fileprivate func document(_ kept: Int, withModel: Bool) -> [UInt8] {
        let messages = encode(kept)
        var out = JSONWriter(capacity: messages.count + 64)
        out.beginObject()
        if withModel { out.field("model", ifPresent: model) }
        out.key("messages")
        out.raw(messages)
        out.endObject()
        return out.bytes
    }

    fileprivate func write(base: String, _ kept: Int, isSameModel: Bool, into out: inout JSONWriter) {
        out.key("delta")
        out.beginObject()
        out.field("base", base)
        out.key("same")
        out.beginArray()
        if isSameModel, model != nil { out.string("model") }
        out.endArray()
        out.key("keep")
        out.beginObject()
        out.field("messages", kept)
        out.endObject()
        if !isSameModel, model != nil {
            out.key("order")
            out.beginArray()
            out.string("model")
            out.string("messages")
            out.endArray()
        }
        out.endObject()
    }
}

extension WrittenConversation {
    /// Takes what a request adds. False where redaction did not understand it, or changed what is between the messages.
    fileprivate func take(_ body: CodedBody, isSameModel: Bool) -> Bool {
        let edits = body.edits ?? []
        let ranges = body.json?["messages"]?.elements.map(\.range) ?? []
        var counted = 0
        if !isSameModel {
            let opening = 0..<(ranges.first?.lowerBound ?? body.bytes.count - 2)
            counted = edits.within(opening).count
            open(body.bytes.edited(opening, edits), bytes: opening.count, edits: counted)
        }
        let images = ImageCount.cumulative(body)
        for (place, range) in ranges.enumerated() {
            let own = edits.within(range).count
            counted += own
            add(
                body.bytes.edited(range, edits), bytes: range.count, edits: own,
                images: images[place + 1] - images[place])
        }
        return body.edits != nil && counted == edits.count
    }
}
