internal import Intercept

/// User messages with their images and documents, and instructions wherever they stand.
extension ChatRequestWriter {
    /// One part of a user message.
    enum Part {
        case text(ChatProse.Text)
        case image(JSON)
        case file(JSON)
    }

    // MARK: Instructions

    /// Writes a system prompt, or a system message in the middle of the conversation where it stands.
    mutating func writeSystem(_ content: JSON, at path: String, isFirst: Bool) {
        let prose = systemProse(content, path)
        guard !prose.isEmpty else { return }
        out.beginObject()
        switch role(isFirst: isFirst) {
        case .developer: out.verbatim(#""role":"developer","content":"#)
        case .system, .systemFirst: out.verbatim(#""role":"system","content":"#)
        case .none:
            losses.add(.move, path, "\(model.name) takes no system message here: the text stands in a user message")
            out.verbatim(#""role":"user","content":"#)
            prose.write(into: &out, before: #"<system-reminder>\n"#, after: #"\n</system-reminder>"#)
            return out.endObject()
        }
        prose.write(into: &out)
        out.endObject()
    }

    private func role(isFirst: Bool) -> ModelFacts.SystemRole {
        let role = facts.systemRole ?? (model.hasNoSystemRole ? .none : model.isReasoning ? .developer : .system)
        return role == .systemFirst && !isFirst ? .none : role
    }

    private mutating func systemProse(_ content: JSON, _ path: String) -> ChatProse {
        var prose = ChatProse()
        if content.isString, !Self.isAttribution(content) { prose.add(content) }
        for (place, block) in content.elements.enumerated() {
            if let text = block["text"], text.isString {
                if !Self.isAttribution(text) { prose.add(text) }
            } else {
                let type = block["type"]?.string ?? "unknown"
                losses.add(.drop, "\(path).content[\(place)]", "a block of type \(type) has no form here")
            }
        }
        return prose
    }

    /// The client's note of its own version: it changes with every kind of request and would spoil prompt caches.
    private static func isAttribution(_ text: JSON) -> Bool {
        text.raw.starts(with: #""x-anthropic-billing-header:"#.utf8)
    }

    // MARK: User messages

    /// - Parameters:
    ///   - isLast: the message belongs to the last turn, the one that is asked now.
    ///   - owners: for each result in turn the call it answers; -1 for a repeated one, nil when there is none.
    mutating func writeUser(
        _ message: JSON, _ index: Int, isLast: Bool, _ calls: [PendingCall], _ owners: inout IndexingIterator<[Int?]>
    ) throws(TranslationError) {
        guard let content = message["content"] else { return }
        if let role = message["role"], !role.equals("user") {
            losses.add(.rename, "messages[\(index)].role", "unknown role", from: role.string, to: "user")
        }
        var parts: [Part] = []
        var hasResult = false
        if content.isString, !JSONBlank.isBlank(content) { parts.append(.text(.copied(content))) }
        for (place, block) in content.elements.enumerated() {
            let at = Place(index: index, block: place, isLast: isLast)
            if block["type"]?.equals("tool_result") ?? false {
                let owner = owners.next() ?? nil
                hasResult = hasResult || owner != nil
                try addResultMedia(
                    block, owner.flatMap { $0 >= 0 ? calls[$0] : nil }, isOrphan: owner == nil, at, &parts)
            } else {
                try addBlock(block, at, &parts)
            }
        }
        if parts.isEmpty {
            if hasResult { return }
            losses.add(.emulate, "messages[\(index)]", "an empty message was given a text")
            parts.append(.text(.made("(empty)")))
        }
        writeUser(parts)
    }

    /// Where a block stands.
    struct Place {
        let index: Int
        let block: Int
        let isLast: Bool

        var path: String { "messages[\(index)].content[\(block)]" }
    }

    private mutating func addBlock(_ block: JSON, _ at: Place, _ parts: inout [Part]) throws(TranslationError) {
        let type = block["type"]?.string ?? ""
        switch type {
        case "text": if let text = block["text"], !JSONBlank.isBlank(text) { parts.append(.text(.copied(text))) }
        case "image": try addImage(block, at, &parts)
        case "document" where ChatMedia.isFile(block): try addFile(block, at, &parts)
        case "thinking", "redacted_thinking", "fallback": return
        default:
            if let text = words(block, type, at.index, at.block) { parts.append(.text(.made(text))) }
            if type == "document" { try addNestedImages(block["source"]?["content"], at, &parts) }
        }
    }

    /// The images and documents of a tool's result; all of it when no call asked for it.
    private mutating func addResultMedia(
        _ block: JSON, _ call: PendingCall?, isOrphan: Bool, _ at: Place, _ parts: inout [Part]
    ) throws(TranslationError) {
        if isOrphan { addOrphan(block, at, &parts) }
        guard isOrphan || call != nil, let content = block["content"] else { return }
        for nested in content.elements {
            let isImage = nested["type"]?.equals("image") ?? false
            let isFile = !isImage && nested["type"]?.equals("document") ?? false && ChatMedia.isFile(nested)
            guard isImage && !facts.takesNoImages || isFile && !facts.takesNoFiles else { continue }
            parts.append(.text(.made(Self.marker(isImage ? "image" : "document", call))))
            if isImage { try addImage(nested, at, &parts) } else { try addFile(nested, at, &parts) }
        }
    }

    private static func marker(_ what: String, _ call: PendingCall?) -> String {
        guard let call else { return "[\(what) from a tool]" }
        let id =
            switch call.sentID {
            case .copied(let id): id.string ?? ""
            case .made(let id): id
            }
        return "[\(what) from tool \(ToolNames.alias(call.name?.string ?? "unnamed")), call \(id)]"
    }

    private mutating func addOrphan(_ block: JSON, _ at: Place, _ parts: inout [Part]) {
        losses.add(.move, at.path, "the call of this result is not in the conversation: it became text")
        var text = "[result of an earlier tool call]"
        if let content = block["content"] {
            let words = content.string ?? content.elements.compactMap { $0["text"]?.string }.joined(separator: "\n\n")
            if !words.isEmpty { text += "\n" + words }
        }
        parts.append(.text(.made(text)))
    }

    private mutating func addNestedImages(_ content: JSON?, _ at: Place, _ parts: inout [Part]) throws(TranslationError)
    {
        guard let content else { return }
        for block in content.elements where block["type"]?.equals("image") ?? false { try addImage(block, at, &parts) }
    }

    // MARK: Images and documents

    private mutating func addImage(_ block: JSON, _ at: Place, _ parts: inout [Part]) throws(TranslationError) {
        guard let source = block["source"] else { return }
        if facts.takesNoImages {
            losses.add(.drop, at.path, "\(model.name) takes no images")
            return parts.append(.text(.made("[image omitted: the model takes none]")))
        }
        if source["data"]?.isString ?? false || source["url"]?.isString ?? false { return parts.append(.image(source)) }
        try omit("image", source, at, &parts)
    }

    private mutating func addFile(_ block: JSON, _ at: Place, _ parts: inout [Part]) throws(TranslationError) {
        if let context = block["context"], !JSONBlank.isBlank(context) { parts.append(.text(.copied(context))) }
        if facts.takesNoFiles {
            losses.add(.drop, at.path, "\(model.name) takes no documents")
            return parts.append(.text(.made("[document omitted: the model takes none]")))
        }
        if block["source"]?["data"]?.isString ?? false { return parts.append(.file(block)) }
        if let source = block["source"] { try omit("document", source, at, &parts) }
    }

    /// A source that cannot be sent: refused while it is asked about, replaced by a note later.
    private mutating func omit(
        _ what: String, _ source: JSON, _ at: Place, _ parts: inout [Part]
    ) throws(TranslationError) {
        let type = source["type"]?.string ?? "unknown"
        guard !at.isLast else {
            throw TranslationError(
                .invalidRequest(
                    "\(at.path).source: \(what) sources of type \(type) are not supported here; send base64"))
        }
        losses.add(.drop, at.path, "\(what) sources of type \(type) cannot be sent")
        parts.append(.text(.made("[\(what) omitted]")))
    }

    // MARK: Writing

    private mutating func writeUser(_ parts: [Part]) {
        out.beginObject()
        out.verbatim(#""role":"user","content":"#)
        if parts.count == 1, case .text(let text) = parts[0] {
            writeQuoted(text)
        } else {
            out.beginArray()
            for part in parts { write(part) }
            out.endArray()
        }
        out.endObject()
    }

    private mutating func writeQuoted(_ text: ChatProse.Text) {
        out.verbatim("\"")
        text.write(into: &out)
        out.verbatim("\"")
    }

    private mutating func write(_ part: Part) {
        out.beginObject()
        switch part {
        case .text(let text):
            out.verbatim(#""type":"text","text":"#)
            writeQuoted(text)
        case .image(let source):
            out.verbatim(#""type":"image_url","image_url":{"url":"#)
            ChatMedia.writeImage(source, into: &out)
            out.endObject()
        case .file(let block):
            out.verbatim(#""type":"file","file":{"filename":"#)
            out.verbatim(bytes: [0x22] + JSONText(ChatMedia.fileName(block)).escaped + [0x22])
            out.verbatim(#","file_data":"data:application/pdf;base64,"#)
            if let data = block["source"]?["data"] { ChatProse.Text.copied(data).write(into: &out) }
            out.verbatim("\"}")
        }
        out.endObject()
    }
}

/// Images and documents as Chat Completions carries them.
enum ChatMedia {
    /// Whether a document is bytes or an address rather than text.
    static func isFile(_ block: JSON) -> Bool {
        guard let type = block["source"]?["type"] else { return false }
        return !type.equals("text") && !type.equals("content")
    }

    static func writeImage(_ source: JSON, into out: inout JSONWriter) {
        guard let data = source["data"] else {
            if let url = source["url"] { out.verbatim(bytes: url.raw) }
            return
        }
        out.verbatim(#""data:"#)
        out.verbatim(text: mediaType(data, source["media_type"]?.string ?? "image/png"))
        out.verbatim(";base64,")
        ChatProse.Text.copied(data).write(into: &out)
        out.verbatim("\"")
    }

    private static let beginnings = [
        ("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp"),
    ]

    /// What the bytes are, whatever the label says: services check.
    private static func mediaType(_ data: JSON, _ label: String) -> String {
        let start = data.raw.dropFirst().prefix(12)
        for (beginning, type) in beginnings where start.starts(with: beginning.utf8) { return type }
        return label == "image/jpg" ? "image/jpeg" : String(label.filter { $0 != "\"" && $0 != "\\" })
    }

    static func fileName(_ block: JSON) -> String {
        let title = (block["title"]?.string ?? "").map { $0.isLetter || $0.isNumber || " ._-".contains($0) ? $0 : "_" }
        let name = String(title.prefix(100))
        if name.allSatisfy({ $0 == " " }) { return "document.pdf" }
        return name.lowercased().hasSuffix(".pdf") ? name : name + ".pdf"
    }
}
