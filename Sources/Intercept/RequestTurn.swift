/// One message of a request, its content blocks sorted by kind: for services that have no content blocks.
public struct RequestTurn: Sendable {
    /// A tool call that the assistant made.
    public struct Call: Sendable {
        public let id: String
        public let name: String
        /// The arguments, an object.
        public let input: JSON?
    }

    /// What came of a tool call.
    public struct Result: Sendable {
        public let callID: String
        /// The tool's name; nil when no earlier turn made this call.
        public let name: String?
        public fileprivate(set) var text = ""
        public fileprivate(set) var images: [Image] = []
        public let isError: Bool
    }

    /// A picture inside the request. Those behind a URL are a loss.
    public struct Image: Sendable {
        /// `image/png`
        public let mediaType: String
        /// A string of base64.
        public let data: JSON
    }

    /// `system`, `user` or `assistant`.
    public let role: String
    /// All text blocks, an empty line between them.
    public fileprivate(set) var text = ""
    public fileprivate(set) var thinking = ""
    public fileprivate(set) var images: [Image] = []
    public fileprivate(set) var calls: [Call] = []
    public fileprivate(set) var results: [Result] = []

    /// Whether there is nothing beside results.
    public var isEmpty: Bool { text.isEmpty && thinking.isEmpty && images.isEmpty && calls.isEmpty }
}

extension MessageRequest {
    /// The system prompt and all messages. Blocks of other kinds become losses.
    public func turns(_ losses: inout Losses) -> [RequestTurn] {
        var sorter = BlockSorter(losses: losses)
        var turns: [RequestTurn] = []
        if let system { turns.append(sorter.turn("system", system, at: "system")) }
        for (index, message) in messages.enumerated() {
            guard let content = message["content"] else { continue }
            turns.append(sorter.turn(message["role"]?.string ?? "user", content, at: "messages[\(index)].content"))
        }
        losses = sorter.losses
        return turns
    }
}

extension MessageRequest {
    /// The tools that the client runs: those with an `input_schema`. Others, which run on Anthropic's servers, become losses.
    public func clientTools(_ losses: inout Losses) -> [JSON] {
        var known: [JSON] = []
        for (index, tool) in (body["tools"] ?? body).elements.enumerated() {
            if tool["input_schema"] != nil {
                known.append(tool)
            } else {
                losses.add(.drop, "tools[\(index)]", "runs on Anthropic's servers", from: tool["name"]?.string)
            }
        }
        return known
    }
}

extension JSON {
    /// The content blocks of a `system` or `content` member: the elements of an array, or the one text block that a plain
    /// string stands for; none for an empty string.
    public var blocks: [JSON] {
        guard isString else { return Array(elements) }
        if isEmptyString { return [] }
        var out = JSONWriter(capacity: range.count + 32)
        out.object { out in
            out.field("type", "text")
            out.field("text", self)
        }
        return (try? JSON.parse(out.bytes)).map { [$0] } ?? []
    }
}

/// Sorts blocks, turn after turn.
private struct BlockSorter {
    var losses: Losses
    /// The names of tools by the ids of their calls.
    private var names: [String: String] = [:]

    init(losses: Losses) { self.losses = losses }

    mutating func turn(_ role: String, _ content: JSON, at path: String) -> RequestTurn {
        var turn = RequestTurn(role: role)
        for (index, block) in content.blocks.enumerated() {
            let place = content.isString ? path : "\(path)[\(index)]"
            let id = block["id"]?.string ?? ""
            switch block["type"]?.string {
            case "thinking": turn.thinking += block["thinking"]?.string ?? ""
            case "tool_use":
                let name = block["name"]?.string ?? ""
                names[id] = name
                turn.calls.append(.init(id: id, name: name, input: block["input"]))
            case "tool_result": turn.results.append(result(block, at: place))
            default: add(block, to: &turn.text, &turn.images, at: place)
            }
        }
        return turn
    }

    private mutating func result(_ block: JSON, at path: String) -> RequestTurn.Result {
        let id = block["tool_use_id"]?.string ?? ""
        var result = RequestTurn.Result(callID: id, name: names[id], isError: block["is_error"]?.bool ?? false)
        for part in block["content"]?.blocks ?? [] { add(part, to: &result.text, &result.images, at: path) }
        return result
    }

    /// Text and images, which turns and results both hold.
    private mutating func add(
        _ block: JSON, to text: inout String, _ images: inout [RequestTurn.Image], at path: String
    ) {
        let type = block["type"]?.string ?? "none"
        if type == "text", let more = block["text"]?.string {
            if more.hasPrefix(ClientMarks.attribution) { return }
            text += text.isEmpty ? more : "\n\n" + more
        } else if type == "image", let data = block["source"]?["data"], data.isString {
            images.append(.init(mediaType: block["source"]?["media_type"]?.string ?? "", data: data))
        } else {
            losses.add(.drop, path, "the service has no block of this kind", from: type)
        }
    }
}
