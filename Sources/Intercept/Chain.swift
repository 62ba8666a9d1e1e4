/// The interceptors of one exchange, in order, and the tool calls that they hold back. A failing interceptor is noted and
/// left out from then on; a required one ends the exchange. Belongs to the task of its exchange.
final class Chain: @unchecked Sendable {
    private var interceptors: [any Interceptor]
    private let exchange: Exchange
    /// Tool calls that wait for their last piece, by block index.
    private var held: [Int: Held] = [:]
    private var passedCalls = 0
    private var deniedCalls = 0

    /// Something was begun that must be ended, also when its interceptor failed meanwhile.
    private var isHolding: Bool { !held.isEmpty || deniedCalls > 0 }

    private struct Held {
        var assembly = Assembly()
        var events: [MessageEvent] = []
    }

    init(_ interceptors: [any Interceptor], _ exchange: Exchange) {
        self.interceptors = interceptors
        self.exchange = exchange
    }

    /// Events pass as they are: nobody sees them, and nothing is held.
    var isIdle: Bool { !isHolding && !seesEvents }

    /// Whether events must be taken apart for somebody.
    var seesEvents: Bool { interceptors.contains { $0.seesEvents || $0.holdsToolCalls } }
    private var holdsToolCalls: Bool { interceptors.contains { $0.holdsToolCalls } }

    /// Shows the request to all, in order. The first refusal or answer of its own ends it.
    func request(_ request: inout MessageRequest) async throws(MessageError) -> Verdict {
        var index = 0
        while index < interceptors.count {
            let by = interceptors[index].name
            let before = request
            do {
                let verdict = try await interceptors[index].request(&request, exchange)
                noteChange(by, before, request)
                if verdict != .pass {
                    note(by, "request", verdict.action, after: verdict.words)
                    return verdict
                }
                index += 1
            } catch {
                request = before
                try isolate(&index, "request", error)
            }
        }
        return .pass
    }

    /// Shows an event to all and gives what the client gets instead of it: usually just that event.
    func event(_ event: MessageEvent) async throws(MessageError) -> [MessageEvent] {
        if isIdle { return [event] }
        var out: [MessageEvent] = []
        for seen in try show(event) { out += try await hold(seen) }
        return out
    }

    private func show(_ event: MessageEvent) throws(MessageError) -> [MessageEvent] {
        var events = [event]
        var index = 0
        while index < interceptors.count {
            guard interceptors[index].seesEvents else {
                index += 1
                continue
            }
            let before = events
            do {
                events = try pass(events, through: index)
                if events != before { note(interceptors[index].name, "event", "edit", path: event.name) }
                index += 1
            } catch {
                events = before
                try isolate(&index, "event", error)
            }
        }
        return events
    }

    private func pass(_ events: [MessageEvent], through index: Int) throws -> [MessageEvent] {
        var out: [MessageEvent] = []
        for var event in events {
            switch try interceptors[index].event(&event, exchange) {
            case .pass: out.append(event)
            case .drop: break
            case .replace(let others): out += others
            }
        }
        return out
    }

    /// Keeps the events of a tool call back until it is whole; lets all others go.
    private func hold(_ event: MessageEvent) async throws(MessageError) -> [MessageEvent] {
        guard holdsToolCalls || isHolding else { return [event] }
        switch event {
        case .blockStart(let index, let block) where block.call != nil:
            held[index] = Held()
            keep(event, index)
            return []
        case .blockDelta(let index, _) where held[index] != nil:
            keep(event, index)
            return []
        case .blockStop(let index) where held[index] != nil: return try await release(index, event)
        case .messageDelta(var delta) where deniedCalls > 0 && passedCalls == 0 && delta.stopReason == .toolUse:
            delta.stopReason = .endTurn
            return [.messageDelta(delta)]
        default: return [event]
        }
    }

    private func keep(_ event: MessageEvent, _ index: Int) {
        held[index]?.events.append(event)
        held[index]?.assembly.add(event)
    }

    /// The call is whole: all decide, then its events go on, rewritten where somebody changed it.
    private func release(_ block: Int, _ stop: MessageEvent) async throws(MessageError) -> [MessageEvent] {
        guard var kept = held.removeValue(forKey: block), let original = kept.assembly.add(stop) else { return [stop] }
        var call = original
        var index = 0
        while index < interceptors.count {
            let before = call
            do {
                let verdict = try await interceptors[index].toolCall(&call, exchange)
                if call != before {
                    note(
                        interceptors[index].name, "tool_call", "edit", path: before.id, before: before.words,
                        after: call.words)
                }
                if case .deny(let text) = verdict {
                    note(interceptors[index].name, "tool_call", "deny", path: call.id, before: call.words, after: text)
                    deniedCalls += 1
                    return MessageEvent.text(text, at: block)
                }
                index += 1
            } catch {
                call = before
                try isolate(&index, "tool_call", error)
            }
        }
        passedCalls += 1
        if call == original { return kept.events + [stop] }
        let isSameTool = call.id == original.id && call.name == original.name
        return Self.events(of: call, at: block, start: isSameTool ? kept.events.first : nil)
    }

    /// - Parameter start: the first event as it came, where it still holds.
    private static func events(of call: ToolCall, at index: Int, start: MessageEvent?) -> [MessageEvent] {
        [
            start ?? .blockStart(index: index, block: .toolUse(id: call.id, name: call.name)),
            .blockDelta(index: index, delta: .inputJSON(JSONText(utf8: call.input))), .blockStop(index: index),
        ]
    }

    /// Tells all how it ended.
    func finished(_ outcome: Outcome) {
        for index in interceptors.indices { interceptors[index].finished(outcome, exchange) }
    }

    /// Notes a failure. A required interceptor's is the exchange's; another one is left out from now on.
    private func isolate(_ index: inout Int, _ hook: String, _ error: any Error) throws(MessageError) {
        let failed = interceptors[index]
        let action = failed.isRequired ? "refuse" : "skip"
        note(failed.name, hook, action, error: "\(error)")
        guard failed.isRequired else {
            interceptors.remove(at: index)
            return
        }
        throw MessageError(
            500, nil, "claudecodex: the required interceptor \(failed.name) failed in \(hook): \(error)",
            shouldRetry: false)
    }

    private func noteChange(_ by: String, _ before: MessageRequest, _ after: MessageRequest) {
        guard after.body.document !== before.body.document else { return }
        if after.model != before.model {
            note(by, "request", "edit", path: "model", before: before.model, after: after.model)
        } else {
            note(by, "request", "edit", path: "body")
        }
    }

    private func note(
        _ by: String, _ hook: String, _ action: String, path: String? = nil, before: String? = nil,
        after: String? = nil, error: String? = nil
    ) {
        exchange.record(
            .intercept(
                .init(by: by, hook: hook, action: action, path: path, before: before, after: after, error: error)))
    }
}

extension Verdict {
    fileprivate var action: String {
        switch self {
        case .pass: "pass"
        case .refuse: "refuse"
        case .answer, .reply: "answer"
        }
    }

    fileprivate var words: String? {
        switch self {
        case .pass: nil
        case .refuse(let error): error.message
        case .answer(let text): text
        case .reply(_, let note): note
        }
    }
}

extension ToolCall {
    /// For the trace: name and arguments.
    fileprivate var words: String { name + " " + String(decoding: input, as: UTF8.self) }
}
