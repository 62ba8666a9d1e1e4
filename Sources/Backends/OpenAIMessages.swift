internal import Intercept

/// A call of the last assistant turn that waits for its result.
struct PendingCall {
    /// The client's id, a string if the request is right.
    let id: JSON?
    let sentID: ChatProse.Text
    let name: JSON?
    var isAnswered = false

    func answers(_ other: JSON?) -> Bool {
        guard let id, let other else { return false }
        return id.raw.elementsEqual(other.raw)
    }
}

/// The conversation: assistant turns with their calls, and the turns that answer them.
extension OpenAIRequestWriter {
    mutating func writeMessages(_ messages: [JSON]) throws(TranslationError) {
        let answers = messages.map(Self.isAssistant)
        var at = 0
        while at < messages.count {
            var calls: [PendingCall] = []
            let answer = answers[at...].firstIndex(of: false) ?? messages.count
            if answer > at { calls = writeAssistant(messages, at..<answer) }
            let next = answers[answer...].firstIndex(of: true) ?? messages.count
            try writeTurn(messages, answer..<next, &calls)
            at = next
        }
        if answers.last ?? false {
            losses.add(
                .emulate, "messages[\(messages.count - 1)]", "an answer cannot be begun for the model; it starts anew")
        }
    }

    private static func isAssistant(_ message: JSON) -> Bool { message["role"]?.equals("assistant") ?? false }

    // MARK: Calls

    /// The calls of an assistant turn with the ids under which they are sent.
    mutating func pending(_ calls: [JSON]) -> [PendingCall] {
        calls.map { PendingCall(id: $0["id"], sentID: sentID($0["id"]), name: $0["name"]) }
    }

    /// The id by which the service knows a call: the client's where it is legal and new.
    private mutating func sentID(_ id: JSON?) -> ChatProse.Text {
        if (facts.callIDs ?? profile.callIDs) == .nine { return .made(nineLetterID(id?.string ?? "call")) }
        if let id, ToolNames.isLegal(id), !Self.isMarked(id) {
            if usedIDs.insert(FNV1a.hash(id.raw.dropFirst().dropLast())).inserted { return .copied(id) }
        }
        let wanted = ToolCallID.sent(id?.string ?? "call")
        var candidate = wanted.utf8.count > 64 ? ToolNames.alias(wanted) : wanted
        var number = 2
        while !usedIDs.insert(FNV1a.hash(candidate.utf8)).inserted {
            candidate = ToolNames.alias("\(wanted)_\(number)")
            number += 1
        }
        return .made(candidate)
    }

    private mutating func nineLetterID(_ id: String) -> String {
        let wanted = ToolCallID.sent(id)
        var candidate = ToolCallID.isNine(wanted) ? wanted : ToolCallID.nine(wanted)
        var number = 2
        while !usedIDs.insert(FNV1a.hash(candidate.utf8)).inserted {
            candidate = ToolCallID.nine("\(wanted)_\(number)")
            number += 1
        }
        return candidate
    }

    private static func isMarked(_ id: JSON) -> Bool { id.raw.starts(with: #""ccx_"#.utf8) }

    /// Writes name and arguments of a call, behind `"name":`.
    mutating func writeCall(_ call: JSON) {
        if let name = call["name"] { writeName(name) } else { out.verbatim(#""unnamed""#) }
        out.key("arguments")
        if let input = call["input"], input.isObject { out.string(containing: input) } else { out.string("{}") }
    }

    /// What is said in place of a block of an answer that is neither text nor thinking nor a call of the client's tools.
    mutating func answerWords(_ block: JSON, _ type: String, _ index: Int, _ place: Int) -> String? {
        guard type == "server_tool_use" || type == "mcp_tool_use" else { return words(block, type, index, place) }
        losses.add(.drop, "messages[\(index)].content[\(place)]", "a call that Anthropic's service made itself")
        return nil
    }

    // MARK: The turn that follows

    /// Writes what stands between two assistant turns: first every result, then everything else in order.
    private mutating func writeTurn(
        _ messages: [JSON], _ range: Range<Int>, _ calls: inout [PendingCall]
    ) throws(TranslationError) {
        var owners: [Int?] = []
        if !calls.isEmpty {
            let isLast = range.upperBound == messages.count
            for index in range { try writeResults(messages[index], index, isLast: isLast, &calls, &owners) }
            for call in calls where !call.isAnswered { writeMissing(call) }
        }
        var results = owners.makeIterator()
        var turn = UserTurn(followsResults: !calls.isEmpty)
        for index in range {
            let message = messages[index]
            if message["role"]?.equals("system") ?? false {
                if let content = message["content"] { write(system: content, at: "messages[\(index)]", &turn) }
            } else {
                let isLast = range.upperBound == messages.count
                turn.parts += try userParts(message, index, isLast: isLast, calls, &results)
                if !alternates { write(&turn) }
            }
        }
        write(&turn)
    }

    /// Writes the tool messages for the results in one message; notes whose result each is.
    private mutating func writeResults(
        _ message: JSON, _ index: Int, isLast: Bool, _ calls: inout [PendingCall], _ owners: inout [Int?]
    ) throws(TranslationError) {
        guard let content = message["content"], content.isArray else { return }
        for (place, block) in content.elements.enumerated() where block["type"]?.equals("tool_result") ?? false {
            let id = block["tool_use_id"]
            guard let call = calls.firstIndex(where: { !$0.isAnswered && $0.answers(id) }) else {
                let isRepeated = calls.contains { $0.answers(id) }
                if isRepeated {
                    losses.add(.drop, "messages[\(index)].content[\(place)]", "a second result of the same call")
                }
                owners.append(isRepeated ? -1 : nil)
                continue
            }
            calls[call].isAnswered = true
            owners.append(call)
            try writeResult(block, calls[call], BlockPlace(index: index, block: place, isLast: isLast))
        }
    }

    private mutating func writeResult(
        _ block: JSON, _ call: PendingCall, _ at: BlockPlace
    ) throws(TranslationError) {
        let isError = block["is_error"]?.bool ?? false
        beginResult(call)
        let hasMedia = block["content"]?.elements.contains(where: ChatMedia.isMedia) ?? false
        if hasMedia, resultsTakeMedia {
            try writeParts(of: block, isError: isError, at)
        } else {
            writeProse(resultProse(block["content"], at), isError: isError)
        }
        out.endObject()
    }

    private mutating func writeProse(_ prose: ChatProse, isError: Bool) {
        if prose.isEmpty {
            out.verbatim(isError ? #""Error: (no output)""# : #""(no output)""#)
        } else {
            prose.write(into: &out, before: isError ? "Error: " : "")
        }
    }

    private mutating func writeParts(of result: JSON, isError: Bool, _ at: BlockPlace) throws(TranslationError) {
        var parts: [MessagePart] = isError ? [.text(.made("Error:"))] : []
        for block in result["content"]?.elements.map({ $0 }) ?? [] { try addBlock(block, at, &parts) }
        if parts.isEmpty { return writeProse(ChatProse(), isError: isError) }
        out.beginArray()
        for part in parts { write(part) }
        out.endArray()
    }

    private mutating func writeMissing(_ call: PendingCall) {
        losses.add(.emulate, "messages", "a call without a result was given an empty one", from: call.id?.string)
        beginResult(call)
        out.verbatim(#""(no result)"}"#)
    }

    /// The text of a tool's result. Images and documents get a note here and stand in the user message behind.
    private mutating func resultProse(_ content: JSON?, _ at: BlockPlace) -> ChatProse {
        var prose = ChatProse()
        guard let content else { return prose }
        if content.isString { prose.add(content) }
        for block in content.elements {
            let type = block["type"]?.string ?? ""
            switch type {
            case "text": if let text = block["text"] { prose.add(text) }
            case "image": prose.add(moved("image", facts.takesNoImages, at.path))
            case "document" where ChatMedia.isFile(block):
                prose.add(moved("document", !takesFiles, at.path))
            case "thinking", "redacted_thinking": break
            default: if let text = words(block, type, at.index, at.block) { prose.add(text) }
            }
        }
        return prose
    }

    private mutating func moved(_ what: String, _ isRefused: Bool, _ path: String) -> String {
        if isRefused {
            losses.add(.drop, path, "\(model.name) takes no \(what)s")
            return "[\(what) omitted: the model takes none]"
        }
        losses.add(.move, path, "results take text only: the \(what) stands in the user message behind")
        return "[\(what): see the user message behind the results]"
    }

    /// A block that the API has no form for, in words; empty when there is nothing to say.
    mutating func words(_ block: JSON, _ type: String, _ index: Int, _ place: Int) -> String? {
        let path = "messages[\(index)].content[\(place)]"
        guard let text = ChatWords.of(block, type: type), !text.isEmpty else {
            losses.add(.drop, path, "a block of type \(type) has no form here")
            return nil
        }
        if !["tool_reference", "search_result", "document"].contains(type) {
            losses.add(.emulate, path, "a block of type \(type) became text")
        }
        return text
    }
}
