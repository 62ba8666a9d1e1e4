internal import Intercept

/// The tool calls of one answer, in the order in which they began. One is shown at a time; fragments of later ones wait.
struct ChatCalls: Sendable {
    struct Call: Sendable {
        /// `index`, told apart by choice; nil where the service gives none.
        let key: Int?
        var id: String
        var name = ""
        var arguments = ToolArguments()
        /// Passed on by `arguments`, not yet shown.
        var waiting: [JSONText] = []
        /// Everything that came, for whole answers.
        var text = JSONText(escaped: [], plain: true)
        var isShown = false
        /// `extra_content`, which the service wants back.
        var extra: [UInt8]?
        /// Arguments have begun: the name, if there is one, is complete.
        var hasArguments = false
        /// The service has said that nothing more will come.
        var isEnded = false
        /// It has also said that something is missing.
        var isCut = false

        var isComplete: Bool { isEnded || arguments.isComplete }

        /// A name, or the next piece of one. Services that repeat it mean nothing by it.
        mutating func take(name piece: String) {
            if name.isEmpty || !hasArguments && name != piece { name += piece }
        }
    }

    var all: [Call] = []
    /// The call that is shown, or will be next.
    var front = 0
    /// Ids that the client has been shown.
    var shownIDs: Set<String> = []

    /// Whether all calls are shown and closed.
    var isEmpty: Bool { front == all.count }
    var hasShown: Bool { all.contains(where: \.isShown) }
    var allComplete: Bool { all[front...].allSatisfy(\.isComplete) }
    var hasUnfinished: Bool { all.contains { $0.arguments.isUnfinished } }

    /// The call that a fragment belongs to, or nil for a new one. A new id begins a new call, except that a fragment
    /// without a name goes on with a call that is unfinished: some services make up an id for every fragment.
    func position(key: Int?, id: String, name: String) -> Int? {
        let known =
            key == nil
            ? (id.isEmpty ? all.indices.last : all.lastIndex { $0.id == id } ?? all.indices.last)
            : all.lastIndex { $0.key == key }
        guard let known else { return nil }
        let call = all[known]
        if id.isEmpty || call.id.isEmpty || call.id == id {
            let startsAnew = id.isEmpty && key == nil && !name.isEmpty && call.arguments.isComplete
            return startsAnew ? nil : known
        }
        return name.isEmpty && !call.arguments.isComplete ? known : nil
    }
}

extension Answer {
    /// Whether the call with this index is the one that is being shown.
    func isShowing(_ index: Int) -> Bool {
        guard open == .call, calls.front < calls.all.count, calls.all[calls.front].key == index else { return false }
        return calls.all[calls.front].isShown && calls.all.last?.key == index
    }

    /// More arguments of the call that is being shown.
    mutating func takeShown(_ text: JSONText, _ emit: (MessageEvent) -> Void) {
        guard let piece = calls.all[calls.front].arguments.feed(text) else { return }
        emitArguments(piece, emit)
    }

    /// A piece of a call.
    ///
    /// - Parameter extra: `extra_content`, where the service wants it back.
    mutating func takeCall(
        key: Int?, id: String, name: String, arguments: JSONText?, extra: JSON? = nil, _ emit: (MessageEvent) -> Void
    ) {
        let at: Int
        if let known = calls.position(key: key, id: id, name: name) {
            at = known
            if calls.all[at].id.isEmpty { calls.all[at].id = id }
        } else {
            at = calls.all.count
            calls.all.append(ChatCalls.Call(key: key, id: id))
        }
        if !name.isEmpty, !calls.all[at].isShown { calls.all[at].take(name: name) }
        if let extra, extra.isObject { calls.all[at].extra = Array(extra.raw) }
        if let arguments, !arguments.isEmpty { take(arguments, at, emit) }
        advance(emit)
    }

    /// Arguments as text: a string, or an object that some services send instead.
    static func arguments(_ arguments: JSON) -> JSONText? {
        if let text = arguments.text { return text }
        return arguments.isObject ? JSONText(utf8: Array(arguments.raw)) : nil
    }

    private mutating func take(_ text: JSONText, _ at: Int, _ emit: (MessageEvent) -> Void) {
        guard at >= calls.front else {
            return losses.add(.drop, "content.tool_use", "arguments behind the end of their call")
        }
        calls.all[at].hasArguments = true
        if context.isWhole { return calls.all[at].text.append(text) }
        guard let piece = calls.all[at].arguments.feed(text) else { return }
        if at == calls.front, !calls.all[at].name.isEmpty {
            show(at, emit)
            emitArguments(piece, emit)
        } else {
            calls.all[at].waiting.append(piece)
        }
    }

    /// Goes on to the next call while the front one is complete.
    private mutating func advance(_ emit: (MessageEvent) -> Void) {
        flush(calls.front, emit)
        while calls.front + 1 < calls.all.count, calls.all[calls.front].arguments.isComplete,
            !calls.all[calls.front].name.isEmpty
        {
            close(calls.front, isCut: false, emit)
            flush(calls.front, emit)
        }
    }

    /// Opens the block of a call.
    private mutating func show(_ at: Int, _ emit: (MessageEvent) -> Void) {
        guard !calls.all[at].isShown else { return }
        calls.all[at].isShown = true
        if let extra = calls.all[at].extra {
            closeBlock(emit)
            showSealed(
                ThinkingEnvelope.seal(
                    backend: OpenAICompatible.name, model: context.upstreamModel, kind: .signature,
                    more: ("extra", extra)),
                emit)
        }
        let names = ToolNames(context.request, beginsWithLetter: context.namesBeginWithLetter)
        let name = names.original(calls.all[at].name)
        openBlock(.call, .toolUse(id: shownID(calls.all[at].id), name: name), emit)
        flush(at, emit)
    }

    /// Shows what had to wait, if the call may be shown.
    private mutating func flush(_ at: Int, _ emit: (MessageEvent) -> Void) {
        guard at < calls.all.count, !calls.all[at].waiting.isEmpty, !calls.all[at].name.isEmpty else { return }
        let waiting = calls.all[at].waiting
        calls.all[at].waiting = []
        show(at, emit)
        for piece in waiting { emitArguments(piece, emit) }
    }

    private mutating func emitArguments(_ piece: JSONText, _ emit: (MessageEvent) -> Void) {
        emitted += piece.count
        emit(.blockDelta(index: nextIndex - 1, delta: .inputJSON(piece)))
    }

    /// Ends one call and makes the next one the front.
    private mutating func close(_ at: Int, isCut: Bool, _ emit: (MessageEvent) -> Void) {
        let call = calls.all[at]
        calls.front = at + 1
        if call.name.isEmpty, !call.hasArguments {
            return losses.add(.drop, "content.tool_use", "a call without a name and without arguments")
        }
        if call.name.isEmpty { losses.add(.emulate, "content.tool_use", "a call without a name") }
        show(at, emit)
        flush(at, emit)
        let (rest, problem) = ending(at, isCut: isCut)
        if let problem, !isCut { losses.add(.emulate, "content.\(nextIndex - 1).input", problem) }
        if let rest { emitArguments(rest, emit) }
        closeBlock(emit)
    }

    private mutating func ending(_ at: Int, isCut: Bool) -> (JSONText?, String?) {
        guard context.isWhole else { return calls.all[at].arguments.finish() }
        let text = calls.all[at].text
        let bytes = text.utf8Bytes
        if let json = try? JSON.parse(bytes), json.isObject { return (text, nil) }
        guard let mended = ArgumentRepair.whole(bytes, mends: !isCut) else {
            return ("{}", "the arguments were no JSON object")
        }
        return (mended, mended == "{}" ? nil : "the arguments were mended to a JSON object")
    }

    /// Ends the call with this index: the service has said that nothing more will come.
    mutating func endCall(key: Int, isCut: Bool, _ emit: (MessageEvent) -> Void) {
        guard let at = calls.all.lastIndex(where: { $0.key == key }), at >= calls.front else { return }
        calls.all[at].isEnded = true
        calls.all[at].isCut = isCut
        while calls.front < calls.all.count, calls.all[calls.front].isEnded {
            close(calls.front, isCut: calls.all[calls.front].isCut, emit)
        }
    }

    /// Ends all calls.
    mutating func finishCalls(isCut: Bool, _ emit: (MessageEvent) -> Void) {
        while !calls.isEmpty { close(calls.front, isCut: isCut, emit) }
    }

    /// An id that is legal, and new to the conversation.
    private mutating func shownID(_ id: String) -> String {
        let shown = id.isEmpty ? ToolCallID.made() : ToolCallID.shown(id)
        let isNew = calls.shownIDs.insert(shown).inserted && !isInHistory(shown)
        if isNew { return shown }
        losses.add(.rename, "content.tool_use.id", "the service used this id before", from: shown)
        return ToolCallID.made()
    }

    private func isInHistory(_ id: String) -> Bool {
        context.request.messages.contains { message in
            guard message["role"]?.equals("assistant") ?? false, let content = message["content"] else { return false }
            return content.elements.contains { $0["id"]?.equals(id) ?? false }
        }
    }
}
