internal import Intercept

/// The blocks of user messages and of tools' results.
extension ConverseConversation {
    /// A block of a user message; nil when nothing of it is left.
    mutating func converse(_ block: JSON, _ path: String, isLast: Bool) throws(TranslationError) -> ConverseBlock? {
        let type = block["type"]?.string ?? ""
        switch type {
        case "text": return block["text"].flatMap { JSONBlank.isBlank($0) ? nil : .text(.copied($0)) }
        case "image": return try image(block, path, isLast: isLast)
        case "document": return try document(block, path, isLast: isLast)
        case "search_result" where model.takesSearchResults: return .searchResult(block)
        case "thinking", "redacted_thinking", "fallback": return nil
        default: return words(block, type, path).map { .text(.made($0)) }
        }
    }

    /// What a tool gave.
    mutating func resultContent(
        _ content: JSON?, _ path: String, isLast: Bool
    ) throws(TranslationError) -> [ConverseBlock] {
        guard let content else { return [] }
        if content.isString { return JSONBlank.isBlank(content) ? [] : [.text(.copied(content))] }
        var blocks: [ConverseBlock] = []
        for (place, block) in content.elements.enumerated() {
            if let found = try converse(block, "\(path).content[\(place)]", isLast: isLast) { blocks.append(found) }
        }
        return blocks
    }

    /// A block that Converse has no form for, in words; nil when there is nothing to say.
    mutating func words(_ block: JSON, _ type: String, _ path: String) -> String? {
        guard let text = ChatWords.of(block, type: type), !text.isEmpty else {
            losses.add(.drop, path, "a block of type \(type) has no form here")
            return nil
        }
        losses.add(.emulate, path, "a block of type \(type) became text")
        return text
    }

    // MARK: Media

    private mutating func image(_ block: JSON, _ path: String, isLast: Bool) throws(TranslationError) -> ConverseBlock?
    {
        guard let source = block["source"] else { return nil }
        guard let data = source["data"], data.isString, !data.isEmptyString else {
            return try omit("image", source, path, isLast: isLast)
        }
        guard let format = ConverseMedia.imageFormat(data, source["media_type"]?.string ?? "") else {
            let label = source["media_type"]?.string ?? "unknown"
            losses.add(.drop, path, "Bedrock takes png, jpeg, gif and webp", from: label)
            return .text(.made("[image of type \(label) omitted]"))
        }
        return .image(ConverseImage(format: format, data: data))
    }

    private mutating func document(
        _ block: JSON, _ path: String, isLast: Bool
    ) throws(TranslationError) -> ConverseBlock? {
        guard let source = block["source"] else { return nil }
        let content: ConverseDocument.Source?
        var format = "txt"
        switch source["type"]?.string ?? "" {
        case "text": content = source["data"].flatMap { JSONBlank.isBlank($0) ? nil : .text([.copied($0)]) }
        case "content": content = parts(source["content"], path)
        case "base64" where source["data"]?.isEmptyString == false:
            format = ConverseMedia.documentFormat(source["media_type"]?.string ?? "")
            content = source["data"].map { .bytes($0) }
        default: return try omit("document", source, path, isLast: isLast)
        }
        guard let content else { return nil }
        return .document(
            ConverseDocument(
                format: format, name: documentName(block["title"]?.string ?? ""), source: content,
                context: block["context"].flatMap { JSONBlank.isBlank($0) ? nil : $0 },
                isCited: model.isClaude && block["citations"]?["enabled"]?.bool ?? false))
    }

    /// The texts of a document made of parts.
    private mutating func parts(_ content: JSON?, _ path: String) -> ConverseDocument.Source? {
        guard let content else { return nil }
        if content.isString { return JSONBlank.isBlank(content) ? nil : .text([.copied(content)]) }
        var texts: [ChatProse.Text] = []
        for (place, part) in content.elements.enumerated() {
            if let text = part["text"] {
                if !JSONBlank.isBlank(text) { texts.append(.copied(text)) }
            } else {
                losses.add(.drop, "\(path).source.content[\(place)]", "documents of parts hold text only")
            }
        }
        return texts.isEmpty ? nil : .text(texts)
    }

    private mutating func documentName(_ title: String) -> String {
        let wanted = ConverseMedia.legalName(title)
        var number = documentNames.count + 1
        var name = wanted.isEmpty ? "Document \(number)" : wanted
        while !documentNames.insert(name).inserted {
            name = (wanted.isEmpty ? "Document" : String(wanted.prefix(190))) + " \(number)"
            number += 1
        }
        return name
    }

    /// A source that cannot be sent: refused while it is asked about, replaced by a note later.
    private mutating func omit(
        _ what: String, _ source: JSON, _ path: String, isLast: Bool
    ) throws(TranslationError) -> ConverseBlock? {
        let type = source["type"]?.string ?? "unknown"
        guard !isLast else {
            throw TranslationError(
                .invalidRequest(
                    "\(path).source: \(what) sources of type \(type) are not supported by Bedrock; send base64"))
        }
        losses.add(.drop, path, "\(what) sources of type \(type) cannot be sent")
        return .text(.made("[\(what) omitted]"))
    }
}

/// Images and documents by Converse's rules.
enum ConverseMedia {
    private static let mostImages = 20
    private static let mostDocuments = 5

    /// What the bytes are, whatever the label says; nil for a kind that Bedrock does not take.
    static func imageFormat(_ data: JSON, _ label: String) -> String? {
        let type = ChatMedia.mediaType(data, label)
        let format = type.hasPrefix("image/") ? String(type.dropFirst("image/".count)) : ""
        return ["png", "jpeg", "gif", "webp"].contains(format) ? format : nil
    }

    static func documentFormat(_ label: String) -> String {
        switch label {
        case "text/csv": "csv"
        case "text/html": "html"
        case "text/markdown": "md"
        case "text/plain": "txt"
        case "application/msword": "doc"
        case "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx"
        case "application/vnd.ms-excel": "xls"
        case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx"
        default: "pdf"
        }
    }

    /// Letters, digits, single spaces, `-()[]`; at most 200.
    static func legalName(_ title: String) -> String {
        var name = ""
        for character in title.unicodeScalars.prefix(400) {
            let isPlain =
                character.isASCII
                && (character.properties.isAlphabetic || ("0"..."9").contains(character)
                    || "-()[]".unicodeScalars.contains(character))
            if isPlain { name.unicodeScalars.append(character) } else if !name.isEmpty, name.last != " " { name += " " }
        }
        return HTTPFields.trim(String(name.prefix(200)))
    }

    /// Keeps the newest of too many images and documents; a document must not stand without a text beside it.
    static func limit(_ items: inout [ConverseItem], _ losses: inout Losses) {
        replaceOldest(&items, &losses, most: mostImages, "images", "[image omitted: too many in one message]") {
            $0.isImage
        }
        replaceOldest(&items, &losses, most: mostDocuments, "documents", "[document omitted: too many in one message]")
        { $0.isDocument }
        if items.contains(where: { $0.block.isDocument }), !items.contains(where: { $0.block.isText }) {
            items.append(ConverseItem(.text(.made("Attached document.")), items.last?.path ?? "messages"))
        }
    }

    private static func replaceOldest(
        _ items: inout [ConverseItem], _ losses: inout Losses, most: Int, _ what: String, _ note: String,
        _ isWanted: (ConverseBlock) -> Bool
    ) {
        var surplus = items.reduce(0) { $0 + count($1.block, isWanted) } - most
        for index in items.indices where surplus > 0 {
            let before = surplus
            items[index].block = replaced(items[index].block, &surplus, note, isWanted)
            if surplus < before { losses.add(.drop, items[index].path, "Bedrock takes \(most) \(what) in one message") }
        }
    }

    private static func count(_ block: ConverseBlock, _ isWanted: (ConverseBlock) -> Bool) -> Int {
        if case .toolResult(_, let content, _) = block { return content.reduce(0) { $0 + count($1, isWanted) } }
        return isWanted(block) ? 1 : 0
    }

    private static func replaced(
        _ block: ConverseBlock, _ surplus: inout Int, _ note: String, _ isWanted: (ConverseBlock) -> Bool
    ) -> ConverseBlock {
        if case .toolResult(let id, let content, let isError) = block {
            var kept: [ConverseBlock] = []
            for nested in content { kept.append(replaced(nested, &surplus, note, isWanted)) }
            return .toolResult(id: id, content: kept, isError: isError)
        }
        guard surplus > 0, isWanted(block) else { return block }
        surplus -= 1
        return .text(.made(note))
    }
}
