/// Sees and may change requests, stream events and tool calls. A value: every exchange gets its own copy, so a stored
/// `var` is state of that exchange. All hooks have defaults that do nothing. The list is
/// `claudecodex/Interceptors.swift`; its order is the order of execution.
public protocol Interceptor: Sendable {
    /// The name in the trace: `by`.
    var name: String { get }

    /// True: a failing hook refuses the exchange. False: it is noted, and the exchange goes on without this interceptor.
    var isRequired: Bool { get }

    /// False: `event` is never called, so that a passed-through stream can stay bytes.
    var seesEvents: Bool { get }

    /// True: a tool call is kept back until `toolCall` has seen it whole and decided.
    var holdsToolCalls: Bool { get }

    /// Before anything is sent.
    mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict

    /// Each event on its way to the client.
    mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict

    /// A complete tool call that the model asks the client to run.
    mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict

    /// The exchange is over.
    mutating func finished(_ outcome: Outcome, _ exchange: Exchange)
}

extension Interceptor {
    public var name: String { String(describing: Self.self) }
    public var isRequired: Bool { false }
    public var seesEvents: Bool { true }
    public var holdsToolCalls: Bool { false }
    public mutating func request(_ request: inout MessageRequest, _ exchange: Exchange) async throws -> Verdict {
        .pass
    }
    public mutating func event(_ event: inout MessageEvent, _ exchange: Exchange) throws -> EventVerdict { .pass }
    public mutating func toolCall(_ call: inout ToolCall, _ exchange: Exchange) async throws -> ToolVerdict { .pass }
    public mutating func finished(_ outcome: Outcome, _ exchange: Exchange) {}
}

extension Interceptor {
    /// Writes a remark into the trace, as an `intercept` record with the action `note`.
    ///
    /// - Parameter hook: the hook it is called from.
    public func note(_ text: String, _ exchange: Exchange, hook: String = #function) {
        let name = String(hook.prefix { $0 != "(" })
        exchange.record(
            .intercept(.init(by: self.name, hook: name == "toolCall" ? "tool_call" : name, action: "note", after: text))
        )
    }
}

/// What becomes of a request.
public enum Verdict: Sendable, Equatable {
    /// Goes on, as it is or as it was changed.
    case pass
    /// Answered with an error; nothing is sent.
    case refuse(MessageError)
    /// Answered with this text as if the model had said it; nothing is sent.
    case answer(String)
    /// Answered with these events, a whole stream of them (``Reply``); nothing is sent. `note` goes into the trace.
    case reply([MessageEvent], note: String)
}

/// What becomes of an event.
public enum EventVerdict: Sendable, Equatable {
    case pass
    case drop
    /// These instead of it.
    case replace([MessageEvent])
}

/// What becomes of a tool call.
public enum ToolVerdict: Sendable, Equatable {
    /// Goes to the client, as it is or as it was changed.
    case pass
    /// Does not go to the client; the model's answer carries this text instead, and the turn ends if no call is left.
    case deny(String)
}

/// A tool call as the model made it.
public struct ToolCall: Sendable, Equatable {
    /// The id that the client sees and answers to.
    public var id: String
    /// The tool's name as the client knows it.
    public var name: String
    /// The arguments as JSON text, as the model wrote them; they may be malformed.
    public var input: [UInt8]
    /// Position of the block in the message.
    public let index: Int

    public init(id: String, name: String, input: [UInt8], index: Int) {
        self.id = id
        self.name = name
        self.input = input
        self.index = index
    }

    /// The arguments, if they are well-formed.
    public var arguments: JSON? { try? JSON.parse(input) }
}

/// How an exchange ended.
public enum Outcome: String, Sendable {
    case ok
    case clientGone = "client_gone"
    case upstreamError = "upstream_error"
    case refused
}
