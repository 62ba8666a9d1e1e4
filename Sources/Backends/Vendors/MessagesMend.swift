internal import Intercept

/// Mends the conversation of a request. A message that needs nothing keeps its bytes.
struct MessagesMend {
    private let quirks: Quirks
    private(set) var losses = Losses()
    private var out: [Message] = []
    /// Messages came together or were added: the array is written anew.
    private var isRearranged = false

    /// One message on its way: as it was, or with other blocks.
    private struct Message {
        let original: JSON?
        let isUser: Bool
        /// nil: the original's content.
        var blocks: [[UInt8]]?

        /// The content as blocks, whatever form it has.
        var content: [[UInt8]] {
            if let blocks { return blocks }
            guard let content = original?["content"] else { return [] }
            return content.isString
                ? [MessagesMend.textBlock(content.text ?? "")] : content.elements.map { Array($0.raw) }
        }
    }

    /// Where something stands. Words are made of it only for a loss.
    private struct Place {
        let message: Int
        var block: Int?
        var part: Int?

        var path: String {
            "messages[\(message)]" + (block.map { ".content[\($0)]" } ?? "") + (part.map { ".content[\($0)]" } ?? "")
        }
    }

    init(_ quirks: Quirks) { self.quirks = quirks }

    /// What is to be written where; none when nothing was to be done.
    mutating func edits(_ messages: JSON) -> [VendorRequest.Edit] {
        for (index, message) in messages.elements.enumerated() { add(message, Place(message: index)) }
        if isRearranged { return [(messages.range, VendorRequest.array(out.map(Self.written)))] }
        return out.compactMap { message in
            guard let blocks = message.blocks, let content = message.original?["content"] else { return nil }
            return (content.range, VendorRequest.array(blocks))
        }
    }

    private mutating func add(_ message: JSON, _ place: Place) {
        let role = message["role"]
        if quirks.foldsSystem, role?.equals("system") ?? false { return fold(message, place) }
        let isAnswer = role?.equals("assistant") ?? false
        let isUser = role?.equals("user") ?? false
        // Thinking stands only in answers.
        let blocks =
            isAnswer || quirks.mendsContent ? mended(message["content"] ?? message, isAnswer: isAnswer, place) : nil
        out.append(Message(original: message, isUser: isUser, blocks: blocks))
    }

    /// The blocks after mending; nil, and nothing copied, when all stay.
    private mutating func mended(_ content: JSON, isAnswer: Bool, _ place: Place) -> [[UInt8]]? {
        var kept: [[UInt8]]?
        var place = place
        for (index, block) in content.elements.enumerated() {
            place.block = index
            let verdict = verdict(block, isAnswer: isAnswer, place)
            if case .keep = verdict {
                kept?.append(Array(block.raw))
                continue
            }
            var blocks = kept ?? content.elements.prefix(index).map { Array($0.raw) }
            if case .replace(let bytes) = verdict { blocks.append(bytes) }
            kept = blocks
        }
        // A message must not be empty.
        return kept?.isEmpty ?? false ? [Self.textBlock("(no visible answer)")] : kept
    }

    private static func written(_ message: Message) -> [UInt8] {
        if let original = message.original, message.blocks == nil { return Array(original.raw) }
        var out = JSONWriter()
        out.beginObject()
        if let original = message.original {
            for (key, value) in original.members {
                out.value(key)
                out.verbatim(":")
                if key.equals("content") { out.raw(VendorRequest.array(message.content)) } else { out.value(value) }
            }
        } else {
            out.field("role", "user")
            out.key("content")
            out.raw(VendorRequest.array(message.content))
        }
        out.endObject()
        return out.bytes
    }

    static func textBlock(_ text: JSONText, mark: JSON? = nil) -> [UInt8] {
        var out = JSONWriter(capacity: text.count + 32)
        out.beginObject()
        out.field("type", "text")
        out.field("text", text)
        out.field("cache_control", ifPresent: mark)
        out.endObject()
        return out.bytes
    }
}

// MARK: System messages

extension MessagesMend {
    /// The text goes to the end of the user message in front, as Claude Code itself puts it for older models. The head of
    /// the prompt stays what it was, so prompt caches hold.
    private mutating func fold(_ message: JSON, _ place: Place) {
        isRearranged = true
        losses.add(.move, place.path, "the service takes no system messages: the text became a user's")
        let blocks = systemTexts(message, place)
        guard !blocks.isEmpty else { return }
        if let last = out.indices.last, out[last].isUser {
            out[last].blocks = out[last].content + blocks
        } else {
            out.append(Message(original: nil, isUser: true, blocks: blocks))
        }
    }

    private mutating func systemTexts(_ message: JSON, _ place: Place) -> [[UInt8]] {
        guard let content = message["content"] else { return [] }
        if content.isString { return content.text.map { [Self.reminder($0, nil)] } ?? [] }
        var texts: [[UInt8]] = []
        for (index, block) in content.elements.enumerated() {
            guard let text = block["text"]?.text else {
                losses.add(.drop, "\(place.path).content[\(index)]", "the service takes only text from the system")
                continue
            }
            texts.append(Self.reminder(text, quirks.refusesCacheControl ? nil : block["cache_control"]))
        }
        return texts
    }

    private static func reminder(_ text: JSONText, _ mark: JSON?) -> [UInt8] {
        var whole: JSONText = "<system-reminder>\n"
        whole.append(text)
        whole.append("\n</system-reminder>")
        return textBlock(whole, mark: mark)
    }
}

// MARK: Blocks

extension MessagesMend {
    private enum Verdict {
        case keep, drop
        case replace([UInt8])
    }

    private mutating func verdict(_ block: JSON, isAnswer: Bool, _ place: Place) -> Verdict {
        guard let type = block["type"] else { return .keep }
        if type.equals("thinking") || type.equals("redacted_thinking") {
            return isAnswer ? thinking(block, place) : .keep
        }
        if type.equals("tool_result") { return result(block, place) }
        if let words = words(block, place) { return .replace(words) }
        guard quirks.refusesCacheControl, block["cache_control"] != nil else { return .keep }
        losses.add(.drop, "messages[].cache_control", "the service does not take it")
        return .replace(VendorRequest.uncached(block))
    }

    private mutating func thinking(_ block: JSON, _ place: Place) -> Verdict {
        switch ForeignThinking.fate(of: block, quirks.thinking) {
        case .kept: return .keep
        case .dropped:
            losses.add(.drop, place.path, "thinking of another service")
            return .drop
        case .unsigned:
            losses.add(.drop, "\(place.path).signature", "signed by another service")
            return .replace(ForeignThinking.unsigned(block))
        }
    }

    /// What stands in a result is mended like blocks of a message.
    private mutating func result(_ block: JSON, _ place: Place) -> Verdict {
        guard quirks.mendsContent, let content = block["content"] else { return .keep }
        var parts: [[UInt8]]?
        var place = place
        for (index, part) in content.elements.enumerated() {
            place.part = index
            if let words = words(part, place) {
                parts = (parts ?? content.elements.prefix(index).map { Array($0.raw) }) + [words]
            } else {
                parts?.append(Array(part.raw))
            }
        }
        let isMarked = quirks.refusesCacheControl && block["cache_control"] != nil
        guard parts != nil || isMarked else { return .keep }
        var out = JSONWriter(capacity: block.range.count)
        out.beginObject()
        for (key, value) in block.members where !(isMarked && key.equals("cache_control")) {
            out.value(key)
            out.verbatim(":")
            if let parts, key.equals("content") { out.raw(VendorRequest.array(parts)) } else { out.value(value) }
        }
        out.endObject()
        return .replace(out.bytes)
    }

    /// Words in place of a block that the service would refuse or silently leave out.
    private mutating func words(_ block: JSON, _ place: Place) -> [UInt8]? {
        guard let type = block["type"] else { return nil }
        if quirks.hasNoDeferredTools, type.equals("tool_reference") {
            let name = block["tool_name"]?.string ?? "?"
            losses.add(.emulate, place.path, "the service knows no tool references: it is told in words")
            return Self.textBlock(JSONText("The tool \(name) is loaded and can be called."))
        }
        guard quirks.takesNoDocuments, type.equals("document") else { return nil }
        let source = block["source"]
        if source?["type"]?.equals("text") ?? false, let text = source?["data"]?.text {
            losses.add(.emulate, place.path, "the service takes no documents: its text is sent")
            return Self.textBlock(text)
        }
        losses.add(.drop, place.path, "the service takes no documents")
        let title = block["title"]?.string.map { " \"\($0)\"" } ?? ""
        return Self.textBlock(
            JSONText("[The document\(title) is not shown: this model service takes no documents.]"))
    }
}
