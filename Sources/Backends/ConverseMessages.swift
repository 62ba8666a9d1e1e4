internal import Intercept

/// The turns of a conversation as the JSON of Converse.
extension ConverseWriter {
    mutating func writeMessages(_ turns: [ConverseTurn]) {
        out.key("messages")
        out.beginArray()
        for turn in turns {
            out.beginObject()
            switch turn.role {
            case .user: out.verbatim(#""role":"user","content":["#)
            case .assistant: out.verbatim(#""role":"assistant","content":["#)
            case .system: out.verbatim(#""role":"system","content":["#)
            }
            for item in turn.items {
                write(item.block, item.path)
                writeCachePoint(item.cache, item.path)
            }
            out.endArray()
            out.endObject()
        }
        out.endArray()
    }

    mutating func writeText(_ text: ChatProse.Text) {
        out.beginObject()
        out.verbatim(#""text":"#)
        writeQuoted(text)
        out.endObject()
    }

    /// Directly behind a colon.
    private mutating func writeQuoted(_ text: ChatProse.Text) {
        out.verbatim("\"")
        text.write(into: &out)
        out.verbatim("\"")
    }

    private mutating func write(_ block: ConverseBlock, _ path: String) {
        switch block {
        case .text(let text): writeText(text)
        case .image(let image): write(image)
        case .document(let document): write(document)
        case .searchResult(let result): writeSearchResult(result)
        case .reasoning(let text, let signature):
            out.beginObject()
            out.verbatim(#""reasoningContent":{"reasoningText":{"text":"#)
            out.verbatim(bytes: text.raw)
            out.verbatim(#","signature":"#)
            out.verbatim(bytes: signature.raw)
            out.verbatim("}}}")
        case .redacted(let data):
            out.beginObject()
            out.verbatim(#""reasoningContent":{"redactedContent":""#)
            out.verbatim(text: Base64.encode(data.text?.utf8Bytes ?? []))
            out.verbatim(#""}}"#)
        case .toolUse(let id, let name, let input): writeCall(id, name, input, path)
        case .toolResult(let id, let content, let isError): writeResult(id, content, isError, path)
        case .toolChange(let isAddition, let tool): writeChange(isAddition, tool)
        }
    }

    // MARK: Media

    private mutating func write(_ image: ConverseImage) {
        out.beginObject()
        out.verbatim(#""image":{"format":""#)
        out.verbatim(text: image.format)
        out.verbatim(#"","source":{"bytes":"#)
        out.verbatim(bytes: image.data.raw)
        out.verbatim("}}}")
    }

    private mutating func write(_ document: ConverseDocument) {
        out.beginObject()
        out.verbatim(#""document":{"format":""#)
        out.verbatim(text: document.format)
        out.verbatim(#"","name":"#)
        writeQuoted(.made(document.name))
        out.verbatim(#","source":{"#)
        writeSource(document)
        out.endObject()
        out.field("context", ifPresent: document.context)
        if document.isCited { out.verbatim(#","citations":{"enabled":true}"#) }
        out.verbatim("}}")
    }

    private mutating func writeSource(_ document: ConverseDocument) {
        switch document.source {
        case .bytes(let data):
            out.verbatim(#""bytes":"#)
            out.verbatim(bytes: data.raw)
        case .text(let texts) where document.isCited && texts.count > 1:
            out.verbatim(#""content":["#)
            for text in texts { writeText(text) }
            out.endArray()
        case .text(let texts) where document.isCited:
            out.verbatim(#""text":"#)
            writeQuoted(texts[0])
        case .text(let texts):
            let plain = texts.map(\.plain).joined(separator: "\n\n")
            out.verbatim(#""bytes":""#)
            out.verbatim(text: Base64.encode(Array(plain.utf8)))
            out.verbatim("\"")
        }
    }

    private mutating func writeSearchResult(_ result: JSON) {
        out.beginObject()
        out.verbatim(#""searchResult":{"source":"#)
        writeQuoted(.made(result["source"]?.string ?? ""))
        out.verbatim(#","title":"#)
        writeQuoted(.made(result["title"]?.string ?? ""))
        out.verbatim(#","content":["#)
        for part in (result["content"] ?? result).elements {
            if let text = part["text"], !JSONBlank.isBlank(text) { writeText(.copied(text)) }
        }
        out.endArray()
        out.verbatim(#","citations":{"enabled":"#)
        out.verbatim(text: result["citations"]?["enabled"]?.bool ?? false ? "true" : "false")
        out.verbatim("}}}")
    }

    // MARK: Tools

    private mutating func writeCall(_ id: ChatProse.Text, _ name: JSON?, _ input: JSON?, _ path: String) {
        out.beginObject()
        out.verbatim(#""toolUse":{"toolUseId":"#)
        writeQuoted(id)
        out.verbatim(#","name":"#)
        writeQuoted(.made(ToolNames.alias(name?.string ?? "unnamed")))
        out.verbatim(#","input":"#)
        if let input, input.isObject {
            out.verbatim(bytes: input.raw)
        } else if let input, !input.isNull {
            losses.add(.emulate, "\(path).input", "arguments that are no object were put into one")
            out.beginObject()
            out.field("_raw", input)
            out.endObject()
        } else {
            out.verbatim("{}")
        }
        out.verbatim("}}")
    }

    private mutating func writeResult(
        _ id: ChatProse.Text, _ content: [ConverseBlock], _ isError: Bool, _ path: String
    ) {
        out.beginObject()
        out.verbatim(#""toolResult":{"toolUseId":"#)
        writeQuoted(id)
        out.verbatim(#","content":["#)
        for block in content { write(block, path) }
        out.endArray()
        if isError, model.takesStatus, !facts.rejected.contains(.status) { out.verbatim(#","status":"error""#) }
        out.verbatim("}}")
    }

    private mutating func writeChange(_ isAddition: Bool, _ tool: JSON) {
        out.beginObject()
        if isAddition { out.verbatim(#""toolAddition":{"tool":{"#) } else { out.verbatim(#""toolRemoval":{"tool":{"#) }
        out.field("type", ifPresent: tool["type"])
        out.field("name", ifPresent: tool["name"]?.string.map { ToolNames.alias($0) })
        out.field("serverName", ifPresent: tool["server_name"])
        out.verbatim("}}}")
    }
}

extension ChatProse.Text {
    /// The text, decoded.
    var plain: String {
        switch self {
        case .copied(let text): text.string ?? ""
        case .made(let text): text
        }
    }
}
