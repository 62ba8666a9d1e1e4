public import Intercept

/// A scripted model service inside the program: needs no key and no network. It is asked and answers in Chat Completions,
/// so its requests and answers take the way of every service's: translation, streams, interceptors, trace.
public struct DemoModel: Backend {
    public static let name = "demo"

    private let chat: OpenAICompatible
    private let refused = RefusedOnce()

    /// Only an explicit choice means this backend.
    public static func detect(_ environment: Environment) -> Detection? { nil }

    /// Reads no variable.
    public init(_ environment: Environment) throws(ConfigError) {
        chat = try OpenAICompatible(
            Environment([
                "OPENAI_BASE_URL": "http://\(Self.host)/v1", "OPENAI_API": "chat", "OPENAI_MODEL": DemoScript.model,
            ]))
    }

    /// What stands for the service's host in the trace; nobody ever connects to it.
    private static let host = "demo.invalid"

    public var summary: String { "a script in this program; no key, no network" }
    public var models: [String] { chat.models }

    public func translate(
        _ request: MessageRequest, _ losses: inout Losses
    ) throws(TranslationError) -> UpstreamRequest {
        var sent = try chat.translate(request, &losses)
        guard let asked = try? JSON.parse(sent.body) else { return sent }
        let script = DemoScript(asked)
        let turn = refused.isSecondTime(sent.body, script.turn) ? script.afterRefusal : script.turn
        sent.scripted = DemoWire(asked, turn).answer
        return sent
    }

    public func reply(to request: MessageRequest) -> OpenAIReply { chat.reply(to: request) }
}
