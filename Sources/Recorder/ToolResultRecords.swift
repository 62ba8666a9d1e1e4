/// Tool results, found in the requests that bring them: the record `tool_result`, and the count of images.
internal import Intercept

extension RecordWriter {
    /// Only results behind the last answer of the model are new, and of those only ids that this session has not brought
    /// yet: history is never counted twice, whoever sends it again.
    func writeToolResults(_ body: CodedBody, _ notes: ExchangeNotes, _ time: Timestamp) {
        guard notes.exchange.kind != .countTokens, let messages = body.json?["messages"], messages.isArray else {
            return
        }
        var asked: JSON?
        var results: [JSON] = []
        for message in messages.elements.dropFirst(body.keptMessages) {
            guard let role = message["role"] else { continue }
            if role.equals("assistant") {
                asked = message
                results.removeAll(keepingCapacity: true)
            } else if let content = message["content"], content.isArray {
                for block in content.elements where block["type"]?.equals("tool_result") ?? false {
                    results.append(block)
                }
            }
        }
        for result in results { write(result, asked: asked, body, notes, time) }
    }

    private func write(_ result: JSON, asked: JSON?, _ body: CodedBody, _ notes: ExchangeNotes, _ time: Timestamp) {
        guard let id = result["tool_use_id"]?.string else { return }
        var known = notes.session[call: id] ?? KnownCall()
        if known.hasResult { return }
        known.hasResult = true
        known.tool = known.tool ?? toolName(id, in: asked)
        notes.session[call: id] = known
        let content = result["content"]
        emit("tool_result", notes, time) { out in
            out.field("tool_id", id)
            out.field("tool", ifPresent: known.tool)
            out.field("call", ifPresent: known.exchange)
            out.field("is_error", result["is_error"]?.bool ?? false)
            out.field("content_bytes", content?.range.count ?? 0)
            out.key("blocks")
            out.beginArray()
            for kind in Self.kinds(content) { out.string(kind) }
            out.endArray()
            if let edits = body.edits { out.field("preview", Preview.text(content, edits: edits)) }
            if let answered = known.answered {
                out.field("gap_ms", notes.exchange.started.milliseconds(since: answered).tenths)
            }
        }
    }

    private func toolName(_ id: String, in message: JSON?) -> String? {
        let blocks = message?["content"]?.elements
        return blocks?.first { $0["type"]?.equals("tool_use") ?? false && $0["id"]?.equals(id) ?? false }?["name"]?
            .string
    }

    private static func kinds(_ content: JSON?) -> [String] {
        guard let content else { return [] }
        if content.isString { return ["text"] }
        return content.elements.map { $0["type"]?.string ?? "unknown" }
    }
}

extension CodedBody {
    /// How many leading messages the base has as well.
    var keptMessages: Int {
        guard let delta, let outline else { return 0 }
        for (index, part) in delta.parts.enumerated() where outline.name(index) == "messages" {
            switch part {
            case .same: return outline.members[index].elements?.count ?? 0
            case .keep(let count): return count
            case .whole: return 0
            }
        }
        return 0
    }
}

/// The beginning of a tool result, as a person would read it.
enum Preview {
    /// In characters (Unicode scalars).
    static let length = 200
    /// Bytes that surely hold that many characters, however they are escaped.
    private static let enough = 200 * 12

    /// `edits` are those of the body in which the content stands.
    static func text(_ content: JSON?, edits: [Edit]) -> String {
        guard let content else { return "" }
        var escaped: [UInt8] = []
        if content.isString {
            append(content, edits, to: &escaped)
        } else {
            for block in content.elements where escaped.count < enough {
                guard let text = block["text"], text.isString else { continue }
                if !escaped.isEmpty { escaped += "\\n".utf8 }
                append(text, edits, to: &escaped)
            }
        }
        var short = String.UnicodeScalarView()
        short.append(contentsOf: JSONText(escaped: escaped).string.unicodeScalars.prefix(length))
        return String(short)
    }

    private static func append(_ text: JSON, _ edits: [Edit], to escaped: inout [UInt8]) {
        let inside = text.range.lowerBound + 1..<text.range.upperBound - 1
        text.document.bytes.forEachPiece(of: inside, edits) { piece in
            if escaped.count < enough { escaped.append(contentsOf: piece.prefix(enough)) }
        }
    }
}

/// Images in messages and in tool results.
enum ImageCount {
    /// For each n, how many the first n messages hold; what the base knows is taken over.
    static func cumulative(_ body: CodedBody) -> [Int] {
        guard let messages = body.json?["messages"], messages.isArray else { return [] }
        let kept = body.base.map { min(body.keptMessages, max(0, $0.images.count - 1)) } ?? 0
        var counts = body.base.map { Array($0.images.prefix(kept + 1)) } ?? [0]
        if counts.isEmpty { counts = [0] }
        for message in messages.elements.dropFirst(kept) {
            counts.append((counts.last ?? 0) + images(in: message["content"]))
        }
        return counts
    }

    private static func images(in content: JSON?) -> Int {
        guard let content, content.isArray else { return 0 }
        var count = 0
        for block in content.elements {
            guard let type = block["type"] else { continue }
            if type.equals("image") {
                count += 1
            } else if type.equals("tool_result") {
                count += images(in: block["content"])
            }
        }
        return count
    }
}
