internal import Intercept

/// One part of a message.
enum MessagePart {
    case text(ChatProse.Text)
    /// Instructions that cannot stand in a message of their own.
    case reminder(ChatProse)
    /// `source` of an image: base64 or an address.
    case image(JSON)
    /// A document that is a file.
    case file(JSON)

    var isText: Bool {
        switch self {
        case .text, .reminder: true
        case .image, .file: false
        }
    }
}

/// Where a block stands.
struct BlockPlace {
    let index: Int
    let block: Int
    /// The message belongs to the last turn, the one that is asked now.
    let isLast: Bool

    var path: String { "messages[\(index)].content[\(block)]" }
}

/// What a user says between two answers, as far as it is not written yet.
struct UserTurn {
    var parts: [MessagePart] = []
    /// Results of tools were the last thing written.
    var followsResults: Bool
}

/// User messages with their images and documents, and instructions wherever they stand.
extension OpenAIRequestWriter {
    /// Two user messages in a row are refused.
    var alternates: Bool { profile.alternates || facts.alternates }

    /// Takes documents as files.
    var takesFiles: Bool { (profile.takesFiles || Self.takesFileAddresses) && !facts.takesNoFiles }

    // MARK: Instructions

    /// Writes the system prompt.
    mutating func writeSystem(_ content: JSON, at path: String) {
        let prose = systemProse(content, path)
        guard !prose.isEmpty else { return }
        let role = role(isFirst: true)
        if role == .none { return writeUser([reminder(prose, path)]) }
        writeInstructions(prose, role)
    }

    /// Writes a system message in the middle of the conversation where it stands, or leaves it to the user's turn.
    mutating func write(system content: JSON, at path: String, _ turn: inout UserTurn) {
        let prose = systemProse(content, path)
        guard !prose.isEmpty else { return }
        let role = role(isFirst: false)
        if role == .none {
            turn.parts.append(reminder(prose, path))
            if !alternates { write(&turn) }
        } else {
            write(&turn)
            writeInstructions(prose, role)
        }
    }

    private mutating func writeInstructions(_ prose: ChatProse, _ role: ModelFacts.SystemRole) {
        beginMessage(role == .developer ? "developer" : "system")
        prose.write(into: &out)
        out.endObject()
    }

    private mutating func reminder(_ prose: ChatProse, _ path: String) -> MessagePart {
        losses.add(.move, path, "\(model.name) takes no system message here: the text stands in a user message")
        return .reminder(prose)
    }

    /// Writes what waits of a user's turn.
    mutating func write(_ turn: inout UserTurn) {
        guard !turn.parts.isEmpty else { return }
        if turn.followsResults, profile.bridgesResults || facts.bridgesResults {
            losses.add(.emulate, "messages[*].role", "an assistant message stands between results and the user's words")
            beginMessage("assistant")
            out.verbatim(#""(results received)"}"#)
        }
        writeUser(turn.parts)
        turn = UserTurn(followsResults: false)
    }

    private func role(isFirst: Bool) -> ModelFacts.SystemRole {
        let usual = profile.instructions == .developer && !model.isReasoning ? .system : profile.instructions
        let role = facts.systemRole ?? (model.hasNoSystemRole ? .none : usual)
        return role == .systemFirst && !isFirst ? .none : role
    }

    mutating func systemProse(_ content: JSON, _ path: String) -> ChatProse {
        var prose = ChatProse()
        if content.isString, !ClientMarks.isAttribution(content) { prose.add(content) }
        for (place, block) in content.elements.enumerated() {
            if let text = block["text"], text.isString {
                if !ClientMarks.isAttribution(text) { prose.add(text) }
            } else {
                let type = block["type"]?.string ?? "unknown"
                losses.add(.drop, "\(path).content[\(place)]", "a block of type \(type) has no form here")
            }
        }
        return prose
    }

    // MARK: User messages

    /// The parts of one user message.
    ///
    /// - Parameters:
    ///   - isLast: the message belongs to the last turn, the one that is asked now.
    ///   - owners: for each result in turn the call it answers; -1 for a repeated one, nil when there is none.
    mutating func userParts(
        _ message: JSON, _ index: Int, isLast: Bool, _ calls: [PendingCall], _ owners: inout IndexingIterator<[Int?]>
    ) throws(TranslationError) -> [MessagePart] {
        guard let content = message["content"] else { return [] }
        if let role = message["role"], !role.equals("user") {
            losses.add(.rename, "messages[\(index)].role", "unknown role", from: role.string, to: "user")
        }
        var parts: [MessagePart] = []
        var hasResult = false
        if content.isString, !JSONBlank.isBlank(content) { parts.append(.text(.copied(content))) }
        for (place, block) in content.elements.enumerated() {
            let at = BlockPlace(index: index, block: place, isLast: isLast)
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
            if hasResult { return [] }
            losses.add(.emulate, "messages[\(index)]", "an empty message was given a text")
            parts.append(.text(.made("(empty)")))
        }
        return parts
    }

    mutating func addBlock(_ block: JSON, _ at: BlockPlace, _ parts: inout [MessagePart]) throws(TranslationError) {
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
        _ block: JSON, _ call: PendingCall?, isOrphan: Bool, _ at: BlockPlace, _ parts: inout [MessagePart]
    ) throws(TranslationError) {
        if isOrphan { addOrphan(block, at, &parts) }
        guard isOrphan || call != nil && !resultsTakeMedia, let content = block["content"] else { return }
        for nested in content.elements {
            let isImage = nested["type"]?.equals("image") ?? false
            let isFile = !isImage && nested["type"]?.equals("document") ?? false && ChatMedia.isFile(nested)
            guard isImage && !facts.takesNoImages || isFile && takesFiles else { continue }
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

    private mutating func addOrphan(_ block: JSON, _ at: BlockPlace, _ parts: inout [MessagePart]) {
        losses.add(.move, at.path, "the call of this result is not in the conversation: it became text")
        var text = "[result of an earlier tool call]"
        if let content = block["content"] {
            let words = content.string ?? content.elements.compactMap { $0["text"]?.string }.joined(separator: "\n\n")
            if !words.isEmpty { text += "\n" + words }
        }
        parts.append(.text(.made(text)))
    }

    private mutating func addNestedImages(_ content: JSON?, _ at: BlockPlace, _ parts: inout [MessagePart])
        throws(TranslationError)
    {
        guard let content else { return }
        for block in content.elements where block["type"]?.equals("image") ?? false { try addImage(block, at, &parts) }
    }

    // MARK: Images and documents

    private mutating func addImage(_ block: JSON, _ at: BlockPlace, _ parts: inout [MessagePart])
        throws(TranslationError)
    {
        guard let source = block["source"] else { return }
        if facts.takesNoImages {
            losses.add(.drop, at.path, "\(model.name) takes no images")
            return parts.append(.text(.made("[image omitted: the model takes none]")))
        }
        let hasAddress = (profile.takesImageAddresses || Self.takesFileAddresses) && source["url"]?.isString ?? false
        if source["data"]?.isString ?? false || hasAddress { return parts.append(.image(source)) }
        try omit("image", source, at, &parts)
    }

    private mutating func addFile(_ block: JSON, _ at: BlockPlace, _ parts: inout [MessagePart])
        throws(TranslationError)
    {
        if let context = block["context"], !JSONBlank.isBlank(context) { parts.append(.text(.copied(context))) }
        if !takesFiles {
            losses.add(.drop, at.path, "\(model.name) takes no documents")
            return parts.append(.text(.made("[document omitted: the model takes none]")))
        }
        guard let source = block["source"] else { return }
        if source["data"]?.isString ?? false || Self.takesFileAddresses && ChatMedia.isSendable(source) {
            return parts.append(.file(block))
        }
        try omit("document", source, at, &parts)
    }

    /// A source that cannot be sent: refused while it is asked about, replaced by a note later.
    private mutating func omit(
        _ what: String, _ source: JSON, _ at: BlockPlace, _ parts: inout [MessagePart]
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

    private mutating func writeUser(_ parts: [MessagePart]) {
        beginMessage("user")
        let isOneText = parts.count == 1 || profile.wantsPlainText || facts.wantsPlainText
        if isOneText, parts.allSatisfy(\.isText) {
            out.verbatim("\"")
            for (place, part) in parts.enumerated() {
                if place > 0 { out.verbatim(#"\n\n"#) }
                writeWords(part)
            }
            out.verbatim("\"")
        } else {
            out.beginArray()
            for part in parts { write(part) }
            out.endArray()
        }
        out.endObject()
    }

    /// The text of a part as a JSON string.
    mutating func writeQuoted(_ part: MessagePart) {
        out.verbatim("\"")
        writeWords(part)
        out.verbatim("\"")
    }

    private mutating func writeWords(_ part: MessagePart) {
        switch part {
        case .text(let text): text.write(into: &out)
        case .reminder(let prose):
            prose.writeWords(into: &out, before: #"<system-reminder>\n"#, after: #"\n</system-reminder>"#)
        case .image, .file: break
        }
    }
}
