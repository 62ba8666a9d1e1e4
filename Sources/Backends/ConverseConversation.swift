internal import Intercept

/// Puts a conversation into the order that Converse demands: roles take turns, a user begins, every call is answered at
/// the beginning of the next turn, no block is blank.
struct ConverseConversation {
    let model: BedrockModel
    let facts: BedrockFacts
    private(set) var turns: [ConverseTurn] = []
    var losses = Losses()
    /// Names of the tools that were called.
    private(set) var calledTools: [JSON] = []
    /// Names of documents given so far.
    var documentNames: Set<String> = []
    private var usedIDs: Set<String> = []
    /// Calls of the last assistant turn.
    private var calls: [Call] = []

    private struct Call {
        let id: JSON?
        let sentID: ChatProse.Text
        var isAnswered = false
    }

    init(_ model: BedrockModel, _ facts: BedrockFacts) {
        self.model = model
        self.facts = facts
    }

    /// Takes all messages.
    mutating func add(_ messages: [JSON]) throws(TranslationError) {
        var at = 0
        while at < messages.count {
            let isAnswer = Self.isAssistant(messages[at])
            let end = messages[at...].firstIndex { Self.isAssistant($0) != isAnswer } ?? messages.count
            if isAnswer { addAssistant(messages, at..<end) } else { try addUser(messages, at..<end) }
            at = end
        }
        if calls.contains(where: { !$0.isAnswered }) { try addUser(messages, messages.count..<messages.count) }
        trimEnd()
        if turns.first?.role == .assistant {
            losses.add(.emulate, "messages[0]", "a conversation begins with a user: one was put in front")
            turns.insert(
                ConverseTurn(role: .user, items: [ConverseItem(.text(.made("(continued)")), "messages")]), at: 0)
        }
    }

    private static func isAssistant(_ message: JSON) -> Bool { message["role"]?.equals("assistant") ?? false }

    private mutating func append(_ role: ConverseTurn.Role, _ items: [ConverseItem]) {
        if items.isEmpty { return }
        if let last = turns.indices.last, turns[last].role == role {
            turns[last].items += items
        } else {
            turns.append(ConverseTurn(role: role, items: items))
        }
    }

    /// An answer that the model is to continue must not end in blanks.
    private mutating func trimEnd() {
        guard let last = turns.indices.last, turns[last].role == .assistant,
            let end = turns[last].items.indices.last, case .text(.copied(let text)) = turns[last].items[end].block,
            let full = text.string
        else { return }
        let trimmed = String(full.reversed().drop { $0.isWhitespace }.reversed())
        if trimmed != full { turns[last].items[end].block = .text(.made(trimmed)) }
    }

    // MARK: Assistant

    private mutating func addAssistant(_ messages: [JSON], _ range: Range<Int>) {
        calls = []
        var items: [ConverseItem] = []
        for index in range {
            guard let content = messages[index]["content"] else { continue }
            if content.isString, !JSONBlank.isBlank(content) {
                items.append(ConverseItem(.text(.copied(content)), "messages[\(index)].content"))
            }
            for (place, block) in content.elements.enumerated() {
                let path = "messages[\(index)].content[\(place)]"
                append(answer(block, path), path, CacheMark(block["cache_control"]), to: &items)
            }
        }
        append(.assistant, items)
    }

    private mutating func answer(_ block: JSON, _ path: String) -> ConverseBlock? {
        let type = block["type"]?.string ?? ""
        switch type {
        case "text": return block["text"].flatMap { JSONBlank.isBlank($0) ? nil : .text(.copied($0)) }
        case "thinking": return reasoning(block, path)
        case "redacted_thinking":
            guard model.isClaude, let data = block["data"], data.isString, !data.isEmptyString else { return nil }
            return .redacted(data)
        case "tool_use": return call(block)
        case "fallback": return nil
        case "server_tool_use", "mcp_tool_use":
            losses.add(.drop, path, "a call that Anthropic's service made itself")
            return nil
        default: return words(block, type, path).map { .text(.made($0)) }
        }
    }

    /// Thinking goes back only to the kind of model that signed it; an invented signature would be refused.
    private func reasoning(_ block: JSON, _ path: String) -> ConverseBlock? {
        guard model.isClaude, let text = block["thinking"], text.isString, let signature = block["signature"],
            signature.isString, !signature.isEmptyString,
            !(signature.string ?? "").hasPrefix(ThinkingEnvelope.mark)
        else { return nil }
        return .reasoning(text: text, signature: signature)
    }

    private mutating func call(_ block: JSON) -> ConverseBlock {
        let sent = sentID(block["id"])
        calls.append(Call(id: block["id"], sentID: sent))
        if let name = block["name"] { calledTools.append(name) }
        return .toolUse(id: sent, name: block["name"], input: block["input"])
    }

    /// The id by which the service knows a call: legal, and used once.
    private mutating func sentID(_ id: JSON?) -> ChatProse.Text {
        let wanted = ToolCallID.sent(id?.string ?? "call")
        var candidate = wanted.utf8.count > 64 ? ToolNames.alias(wanted) : wanted
        var number = 2
        while !usedIDs.insert(candidate).inserted {
            candidate = ToolNames.alias("\(wanted)_\(number)")
            number += 1
        }
        return .made(candidate)
    }

    /// Notes a block; where it came to nothing, its cache mark goes to the block before.
    private func append(
        _ block: ConverseBlock?, _ path: String, _ cache: CacheMark?, to items: inout [ConverseItem]
    ) {
        if let block { items.append(ConverseItem(block, path, cache: block.bearsCache ? cache : nil)) }
        guard let cache, block?.bearsCache != true, let last = items.lastIndex(where: { $0.block.bearsCache }) else {
            return
        }
        items[last].cache = cache
    }

    // MARK: User and system

    private mutating func addUser(_ messages: [JSON], _ range: Range<Int>) throws(TranslationError) {
        let isLast = range.upperBound == messages.count
        let isSystem = range.map { messages[$0]["role"]?.equals("system") ?? false }
        let keepsRole = model.takesSystemMessages && !facts.foldsSystem
        let trailing = keepsRole ? isSystem.reversed().prefix { $0 }.count : 0
        let userEnd = trailing < range.count ? range.upperBound - trailing : range.upperBound
        var results: [ConverseItem] = []
        var others: [ConverseItem] = []
        for index in range.lowerBound..<userEnd {
            if isSystem[index - range.lowerBound] {
                foldSystem(messages[index], index, &others)
            } else {
                try addUser(messages[index], index, isLast: isLast, &results, &others)
            }
        }
        addMissing(&results)
        var items = results + others
        if items.isEmpty, !range.isEmpty {
            losses.add(.emulate, "messages[\(range.lowerBound)]", "an empty message was given a text")
            items.append(ConverseItem(.text(.made("(empty)")), "messages[\(range.lowerBound)]"))
        }
        ConverseMedia.limit(&items, &losses)
        append(.user, items)
        for index in userEnd..<range.upperBound { append(.system, system(messages[index], index)) }
        calls = []
    }

    private mutating func addUser(
        _ message: JSON, _ index: Int, isLast: Bool, _ results: inout [ConverseItem], _ others: inout [ConverseItem]
    ) throws(TranslationError) {
        guard let content = message["content"] else { return }
        if let role = message["role"], !role.equals("user") {
            losses.add(.rename, "messages[\(index)].role", "unknown role", from: role.string, to: "user")
        }
        if content.isString, !JSONBlank.isBlank(content) {
            others.append(ConverseItem(.text(.copied(content)), "messages[\(index)].content"))
        }
        for (place, block) in content.elements.enumerated() {
            let path = "messages[\(index)].content[\(place)]"
            let cache = CacheMark(block["cache_control"])
            if block["type"]?.equals("tool_result") ?? false {
                let isAnswer = try addResult(block, path, isLast: isLast, cache, &results)
                if !isAnswer { append(orphan(block, path), path, cache, to: &others) }
            } else {
                append(try converse(block, path, isLast: isLast), path, cache, to: &others)
            }
        }
    }

    /// Gives false when no call waits for this result.
    private mutating func addResult(
        _ block: JSON, _ path: String, isLast: Bool, _ cache: CacheMark?, _ results: inout [ConverseItem]
    ) throws(TranslationError) -> Bool {
        let id = block["tool_use_id"]
        func fits(_ call: Call) -> Bool {
            guard let id, let other = call.id else { return false }
            return id.raw.elementsEqual(other.raw)
        }
        guard let call = calls.firstIndex(where: { !$0.isAnswered && fits($0) }) else {
            guard calls.contains(where: fits) else { return false }
            losses.add(.drop, path, "a second result of the same call")
            return true
        }
        calls[call].isAnswered = true
        let isError = block["is_error"]?.bool ?? false
        var content = try resultContent(block["content"], path, isLast: isLast)
        if content.isEmpty { content = [.text(.made("(no output)"))] }
        if isError, !takesStatus { content.insert(.text(.made("Error:")), at: 0) }
        let nested = block["content"]?.elements.lazy.compactMap { CacheMark($0["cache_control"]) }.first { _ in true }
        results.append(
            ConverseItem(
                .toolResult(id: calls[call].sentID, content: content, isError: isError), path, cache: cache ?? nested))
        return true
    }

    /// Whether a result may say that it is an error.
    var takesStatus: Bool { model.takesStatus && !facts.rejected.contains(.status) }

    private mutating func addMissing(_ results: inout [ConverseItem]) {
        for call in calls where !call.isAnswered {
            losses.add(.emulate, "messages", "a call without a result was given an empty one", from: call.id?.string)
            let content: [ConverseBlock] = [.text(.made("(no result)"))]
            results.append(ConverseItem(.toolResult(id: call.sentID, content: content, isError: true), "messages"))
        }
    }

    private mutating func orphan(_ block: JSON, _ path: String) -> ConverseBlock {
        losses.add(.move, path, "the call of this result is not in the conversation: it became text")
        var text = "[result of an earlier tool call]"
        if let content = block["content"] {
            let words = content.string ?? content.elements.compactMap { $0["text"]?.string }.joined(separator: "\n\n")
            if !words.isEmpty { text += "\n" + words }
        }
        return .text(.made(text))
    }

    /// Instructions in the conversation, for models that take them only at the top.
    private mutating func foldSystem(_ message: JSON, _ index: Int, _ items: inout [ConverseItem]) {
        let path = "messages[\(index)]"
        let texts = system(message, index).compactMap { item -> String? in
            if case .text(.copied(let text)) = item.block { return text.string }
            losses.add(.drop, item.path, "\(model.id) takes the tool list only as a whole")
            return nil
        }
        guard !texts.isEmpty else { return }
        losses.add(.move, path, "\(model.id) takes no system message here: the text stands in a user message")
        let folded = "<system-reminder>\n\(texts.joined(separator: "\n\n"))\n</system-reminder>"
        let cache = message["content"]?.elements.lazy.compactMap { CacheMark($0["cache_control"]) }.first { _ in true }
        items.append(ConverseItem(.text(.made(folded)), path, cache: cache))
    }

    private mutating func system(_ message: JSON, _ index: Int) -> [ConverseItem] {
        if message["output_config"] != nil {
            losses.add(.drop, "messages.output_config", "Converse has one effort for the whole request")
        }
        guard let content = message["content"] else { return [] }
        var items: [ConverseItem] = []
        if content.isString, !JSONBlank.isBlank(content) {
            items.append(ConverseItem(.text(.copied(content)), "messages[\(index)].content"))
        }
        for (place, block) in content.elements.enumerated() {
            let path = "messages[\(index)].content[\(place)]"
            append(instruction(block, path), path, CacheMark(block["cache_control"]), to: &items)
        }
        return items
    }

    private mutating func instruction(_ block: JSON, _ path: String) -> ConverseBlock? {
        switch block["type"]?.string ?? "" {
        case "text": return block["text"].flatMap { JSONBlank.isBlank($0) ? nil : .text(.copied($0)) }
        case "tool_addition", "tool_removal":
            guard let tool = block["tool"], tool.isObject else { return nil }
            return .toolChange(isAddition: block["type"]?.equals("tool_addition") ?? false, tool: tool)
        case let type:
            losses.add(.drop, path, "a block of type \(type) has no form here")
            return nil
        }
    }
}
