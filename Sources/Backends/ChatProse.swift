internal import Intercept

/// Text for one JSON string, collected from strings of the request and from words of our own, written without decoding.
struct ChatProse {
    /// A string of the request, or one that we made.
    enum Text {
        case copied(JSON)
        case made(String)

        func write(into out: inout JSONWriter) {
            switch self {
            case .copied(let text):
                out.verbatim(bytes: text.document.bytes[text.range.lowerBound + 1..<text.range.upperBound - 1])
            case .made(let text): out.verbatim(bytes: JSONText(text).escaped)
            }
        }
    }

    private var first: Text?
    private var more: [(text: Text, isGlued: Bool)] = []

    var isEmpty: Bool { first == nil }

    /// Adds a string unless it is blank. Pieces are set apart by an empty line, glued ones follow directly.
    mutating func add(_ text: JSON, glued: Bool = false) {
        if !JSONBlank.isBlank(text) { append(.copied(text), glued) }
    }

    mutating func add(_ text: String) { append(.made(text), false) }

    private mutating func append(_ text: Text, _ glued: Bool) {
        if first == nil { first = text } else { more.append((text, glued)) }
    }

    /// Writes the quoted string; `before` and `after` are put around the text, already in escaped form.
    func write(into out: inout JSONWriter, before: StaticString = "", after: StaticString = "") {
        out.verbatim("\"")
        writeWords(into: &out, before: before, after: after)
        out.verbatim("\"")
    }

    /// The same without the quotes.
    func writeWords(into out: inout JSONWriter, before: StaticString = "", after: StaticString = "") {
        out.verbatim(before)
        first?.write(into: &out)
        for piece in more {
            if !piece.isGlued { out.verbatim(#"\n\n"#) }
            piece.text.write(into: &out)
        }
        out.verbatim(after)
    }
}

/// Says in words what a block holds that Chat Completions has no form for.
enum ChatWords {
    /// The block as text, or nil when nothing in it can be said.
    static func of(_ block: JSON, type: String) -> String? {
        switch type {
        case "tool_reference": block["tool_name"]?.string.map { "Tool loaded: \(ToolNames.alias($0))" }
        case "search_result":
            tagged("search_result", [("source", block["source"]), ("title", block["title"])], spoken(block["content"]))
        case "document": document(block)
        case "compaction": block["content"]?.string
        default: type.hasSuffix("_tool_result") ? spoken(block["content"]) : block["text"]?.string
        }
    }

    /// A document of text or of parts.
    private static func document(_ block: JSON) -> String? {
        guard let source = block["source"] else { return nil }
        let text = source["type"]?.equals("text") ?? false ? source["data"]?.string : spoken(source["content"])
        return tagged("document", [("title", block["title"]), ("context", block["context"])], text)
    }

    private static func tagged(_ tag: String, _ attributes: [(String, JSON?)], _ body: String?) -> String? {
        guard let body else { return nil }
        let shown = attributes.compactMap { name, value in
            value?.string.map { " \(name)=\"\(String($0.map { $0 == "\"" ? "'" : $0 }))\"" }
        }
        return "<\(tag)\(shown.joined())>\n\(body)\n</\(tag)>"
    }

    private static let spokenKeys: Set<String> = [
        "text", "title", "url", "stdout", "stderr", "error_code", "error_message",
    ]

    /// All that is meant for reading in nested content, one thing a line.
    private static func spoken(_ content: JSON?) -> String? {
        guard let content else { return nil }
        if let text = content.string { return text }
        var lines: [String] = []
        collect(content, into: &lines)
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    private static func collect(_ value: JSON, into lines: inout [String]) {
        for element in value.elements { collect(element, into: &lines) }
        for (key, member) in value.members {
            if let text = member.string {
                if spokenKeys.contains(key.string ?? ""), !text.isEmpty { lines.append(text) }
            } else {
                collect(member, into: &lines)
            }
        }
    }
}
