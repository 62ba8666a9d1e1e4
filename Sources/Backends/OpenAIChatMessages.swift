internal import Intercept

/// The conversation: assistant turns with their calls, and the turns that answer them.
extension ChatRequestWriter {
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

    // MARK: Assistant

    /// Writes neighbouring assistant messages as one. Gives its calls.
    private mutating func writeAssistant(_ messages: [JSON], _ range: Range<Int>) -> [PendingCall] {
        var prose = ChatProse()
        var calls: [JSON] = []
        var thinking = ReturnedThinking()
        for index in range {
            guard let content = messages[index]["content"] else { continue }
            if content.isString { prose.add(content) } else { readAssistant(content, index, &prose, &calls, &thinking) }
        }
        guard !prose.isEmpty || !calls.isEmpty else { return [] }
        out.beginObject()
        out.verbatim(#""role":"assistant","content":"#)
        writeContent(prose, thinking)
        writeThinking(thinking, hasCalls: !calls.isEmpty)
        let pending = calls.map { PendingCall(id: $0["id"], sentID: sentID($0["id"]), name: $0["name"]) }
        if !calls.isEmpty { writeCalls(calls, pending, thinking) }
        out.endObject()
        return pending
    }

    private mutating func readAssistant(
        _ content: JSON, _ index: Int, _ prose: inout ChatProse, _ calls: inout [JSON],
        _ thinking: inout ReturnedThinking
    ) {
        var isGlued = false
        for (place, block) in content.elements.enumerated() {
            let type = block["type"]?.string ?? ""
            switch type {
            case "text": if let text = block["text"] { prose.add(text, glued: isGlued) }
            case "tool_use": calls.append(block)
            case "thinking":
                if thinkingBack != .dropped { thinking.take(block, before: calls.count, model: model.name) }
            case "redacted_thinking", "fallback": break
            case "server_tool_use", "mcp_tool_use":
                losses.add(.drop, "messages[\(index)].content[\(place)]", "a call that Anthropic's service made itself")
            default: if let text = words(block, type, index, place) { prose.add(text) }
            }
            isGlued = type == "text"
        }
    }

    private mutating func writeCalls(_ calls: [JSON], _ pending: [PendingCall], _ thinking: ReturnedThinking) {
        out.key("tool_calls")
        out.beginArray()
        for (place, (call, known)) in zip(calls, pending).enumerated() {
            out.beginObject()
            out.verbatim(#""id":""#)
            known.sentID.write(into: &out)
            out.verbatim(#"","type":"function","function":{"name":"#)
            if let name = call["name"] { writeName(name) } else { out.verbatim(#""unnamed""#) }
            out.key("arguments")
            if let input = call["input"], input.isObject { out.string(containing: input) } else { out.string("{}") }
            out.endObject()
            writeSignature(of: place, thinking)
            out.endObject()
        }
        out.endArray()
    }

    /// The id by which the service knows a call: the client's where it is legal and new.
    private mutating func sentID(_ id: JSON?) -> ChatProse.Text {
        if (facts.callIDs ?? profile.callIDs) == .nine { return .made(nineLetterID(id?.string ?? "call")) }
        if let id, ToolNames.isLegal(id), !Self.isMarked(id) {
            if usedIDs.insert(Self.hash(id)).inserted { return .copied(id) }
        }
        let wanted = ToolCallID.sent(id?.string ?? "call")
        var candidate = wanted.utf8.count > 64 ? ToolNames.alias(wanted) : wanted
        var number = 2
        while !usedIDs.insert(Self.hash(candidate.utf8)).inserted {
            candidate = ToolNames.alias("\(wanted)_\(number)")
            number += 1
        }
        return .made(candidate)
    }

    private mutating func nineLetterID(_ id: String) -> String {
        let wanted = ToolCallID.sent(id)
        var candidate = ToolCallID.isNine(wanted) ? wanted : ToolCallID.nine(wanted)
        var number = 2
        while !usedIDs.insert(Self.hash(candidate.utf8)).inserted {
            candidate = ToolCallID.nine("\(wanted)_\(number)")
            number += 1
        }
        return candidate
    }

    private static let mark = Array(#""ccx_"#.utf8)

    private static func isMarked(_ id: JSON) -> Bool {
        let bytes = id.document.bytes
        let start = id.range.lowerBound
        return mark.indices.allSatisfy { bytes[start + $0] == mark[$0] }
    }

    private static func hash(_ id: JSON) -> UInt64 {
        let bytes = id.document.bytes
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for at in id.range.lowerBound + 1..<id.range.upperBound - 1 {
            hash = (hash ^ UInt64(bytes[at])) &* 0x100_0000_01B3
        }
        return hash
    }

    /// FNV-1a.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    // MARK: The turn that follows

    /// Writes what stands between two assistant turns: first every result, then everything else in order.
    private mutating func writeTurn(
        _ messages: [JSON], _ range: Range<Int>, _ calls: inout [PendingCall]
    ) throws(TranslationError) {
        var owners: [Int?] = []
        if !calls.isEmpty {
            for index in range { try writeResults(messages[index], index, &calls, &owners) }
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
        _ message: JSON, _ index: Int, _ calls: inout [PendingCall], _ owners: inout [Int?]
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
            writeResult(block, calls[call], index, place)
        }
    }

    private mutating func writeResult(_ block: JSON, _ call: PendingCall, _ index: Int, _ place: Int) {
        beginTool(call)
        let isError = block["is_error"]?.bool ?? false
        let prose = resultProse(block["content"], index, place)
        if prose.isEmpty {
            out.verbatim(isError ? #""Error: (no output)""# : #""(no output)""#)
        } else {
            prose.write(into: &out, before: isError ? "Error: " : "")
        }
        out.endObject()
    }

    private mutating func beginTool(_ call: PendingCall) {
        out.beginObject()
        out.verbatim(#""role":"tool","tool_call_id":""#)
        call.sentID.write(into: &out)
        out.verbatim(#"","content":"#)
    }

    private mutating func writeMissing(_ call: PendingCall) {
        losses.add(.emulate, "messages", "a call without a result was given an empty one", from: call.id?.string)
        beginTool(call)
        out.verbatim(#""(no result)"}"#)
    }

    /// The text of a tool's result. Images and documents get a note here and stand in the user message behind.
    private mutating func resultProse(_ content: JSON?, _ index: Int, _ place: Int) -> ChatProse {
        var prose = ChatProse()
        guard let content else { return prose }
        if content.isString { prose.add(content) }
        for block in content.elements {
            let type = block["type"]?.string ?? ""
            switch type {
            case "text": if let text = block["text"] { prose.add(text) }
            case "image": prose.add(moved("image", facts.takesNoImages, index, place))
            case "document" where ChatMedia.isFile(block):
                prose.add(moved("document", !takesFiles, index, place))
            case "thinking", "redacted_thinking": break
            default: if let text = words(block, type, index, place) { prose.add(text) }
            }
        }
        return prose
    }

    private mutating func moved(_ what: String, _ isRefused: Bool, _ index: Int, _ place: Int) -> String {
        let path = "messages[\(index)].content[\(place)]"
        if isRefused {
            losses.add(.drop, path, "\(model.name) takes no \(what)s")
            return "[\(what) omitted: the model takes none]"
        }
        losses.add(.move, path, "tool messages take text only: the \(what) stands in the user message behind")
        return "[\(what): see the user message behind the results]"
    }

    /// A block that Chat Completions has no form for, in words; empty when there is nothing to say.
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
