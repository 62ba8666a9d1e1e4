/// What the scripted model says to a request: decided by the user's words, the tools on offer, and how many rounds of
/// calls there were since.
internal import Intercept
internal import Synchronization

/// One answer of the scripted model.
struct DemoTurn: Sendable, Equatable {
    struct Call: Sendable, Equatable {
        let tool: String
        /// The arguments as JSON.
        let arguments: String
    }

    struct Refusal: Sendable, Equatable {
        let status: Int
        let type: String
        let message: String
    }

    var reasoning = ""
    var text = ""
    var calls: [Call] = []
    /// An error in place of an answer.
    var refusal: Refusal?
    /// A pause between two pieces, in milliseconds.
    var paceMS = 12
}

/// What can be asked for, with `demo WORD` in the prompt. Longer words come before those they begin with.
enum DemoScene: String, CaseIterable, Sendable {
    case text, thinking, tools, tool, error, overloaded, long
}

struct DemoScript: Sendable {
    static let model = "demo"

    private let prompt: String
    /// Rounds of tool calls since the prompt.
    private let rounds: Int
    /// What the last round's calls brought.
    private let results: [String]
    /// The harmless calls that the tools on offer allow.
    private let calls: [DemoTurn.Call]

    /// - Parameter asked: the body of a Chat Completions request.
    init(_ asked: JSON) {
        var prompt = ""
        var rounds = 0
        var results: [String] = []
        var before = ""
        for message in asked["messages"]?.elements.map({ $0 }) ?? [] {
            let role = message["role"]?.string ?? ""
            switch role {
            case "user" where before == "tool": continue  // a client's note behind its results
            case "user":
                prompt = before == "user" ? prompt + "\n" + Self.text(message) : Self.text(message)
                (rounds, results) = (0, [])
            case "assistant" where message["tool_calls"] != nil: (rounds, results) = (rounds + 1, [])
            case "tool": results.append(Self.text(message))
            case "system", "developer": continue
            default: break
            }
            before = role
        }
        (self.prompt, self.rounds, self.results) = (prompt, rounds, results)
        let isTextOnly = asked["tool_choice"]?.equals("none") ?? false || prompt.contains("Respond with TEXT ONLY")
        let names = asked["tools"]?.elements.compactMap { $0["function"]?["name"]?.string } ?? []
        calls = isTextOnly ? [] : Self.harmless.filter { names.contains($0.tool) }
    }

    /// Calls that only look, for tools whose arguments are known. The first two of a round are made together.
    private static let harmless = [
        DemoTurn.Call(tool: "Bash", arguments: #"{"command":"pwd","description":"Show the current folder"}"#),
        DemoTurn.Call(tool: "Bash", arguments: #"{"command":"ls","description":"List the current folder"}"#),
        DemoTurn.Call(tool: "Glob", arguments: #"{"pattern":"*.md"}"#),
        DemoTurn.Call(tool: "Grep", arguments: #"{"pattern":"demo"}"#),
    ]

    private static func text(_ message: JSON) -> String {
        guard let content = message["content"] else { return "" }
        if let text = content.string { return text }
        return content.elements.compactMap { $0["text"]?.string }.joined(separator: "\n")
    }

    /// The scene that the prompt names; nil for an agent's usual way.
    var scene: DemoScene? { DemoScene.allCases.first { prompt.contains("demo \($0.rawValue)") } }

    var turn: DemoTurn {
        switch scene {
        case .text: DemoTurn(text: Self.greeting)
        case .thinking: DemoTurn(reasoning: Self.thought, text: "That is what I thought. " + Self.greeting)
        case .tool: rounds == 0 ? call(1) : closing
        case .tools: rounds == 0 ? call(2) : closing
        case .error: DemoTurn(refusal: Self.error)
        case .overloaded: DemoTurn(refusal: Self.overloaded)
        case .long: DemoTurn(text: Self.long, paceMS: 25)
        case nil: agent
        }
    }

    /// The answer to a request that is sent again after a refusal.
    var afterRefusal: DemoTurn {
        DemoTurn(text: "The second time it works: a client that waits and asks again gets on.")
    }

    /// First one call with a thought, then two at a time, then words.
    private var agent: DemoTurn {
        guard !calls.isEmpty else { return DemoTurn(reasoning: Self.thought, text: Self.greeting) }
        switch rounds {
        case 0:
            var turn = call(1)
            turn.reasoning = "To say anything about this folder I must know where I am."
            return turn
        case 1: return call(2, skipping: 1)
        default: return closing
        }
    }

    /// `count` calls at once; words when no tool allows any.
    private func call(_ count: Int, skipping: Int = 0) -> DemoTurn {
        let chosen = Array(calls.dropFirst(skipping).prefix(count))
        guard let first = chosen.first ?? calls.first else { return DemoTurn(text: Self.noTool) }
        if chosen.count < 2 { return DemoTurn(text: "I look first.", calls: [first]) }
        return DemoTurn(text: "Now both at once.", calls: chosen)
    }

    private var closing: DemoTurn {
        let seen = results.map { "- " + (Self.line($0).isEmpty ? "(nothing)" : Self.line($0)) }
        return DemoTurn(text: "The tools say:\n" + seen.joined(separator: "\n") + "\nThat is all a script can tell.")
    }

    /// The first line, not too long.
    private static func line(_ text: String) -> String {
        String(text.prefix { !$0.isNewline }.unicodeScalars.prefix(72).map(Character.init))
    }

    private static let greeting =
        "I am a script inside claudecodex, no model. I can think, call harmless tools, and fail: "
        + "ask me for `demo text`, `demo thinking`, `demo tool`, `demo tools`, `demo long`, `demo error` or "
        + "`demo overloaded`."
    private static let thought = "Nobody has asked for anything that needs a tool, so a few words will do."
    private static let noTool = "None of the tools on offer is one that I know to be harmless (Bash, Glob, Grep)."
    private static let error = DemoTurn.Refusal(
        status: 400, type: "invalid_request_error", message: "the prompt asked for `demo error`")
    private static let overloaded = DemoTurn.Refusal(
        status: 503, type: "server_error", message: "busy, as asked; the same request works next time")
    private static let long = (1...100).map { "Line \($0) of a hundred that come slowly.\n" }.joined()
}

/// Remembers which requests were turned away as overloaded: sent again, they are answered.
final class RefusedOnce: Sendable {
    private let seen = Mutex<[Int]>([])
    /// Older ones are forgotten.
    private static let most = 64

    func isSecondTime(_ body: [UInt8], _ turn: DemoTurn) -> Bool {
        guard turn.refusal?.status == 503 else { return false }
        let hash = body.hashValue
        return seen.withLock { seen in
            if let index = seen.firstIndex(of: hash) {
                seen.remove(at: index)
                return true
            }
            seen = seen.suffix(Self.most - 1) + [hash]
            return false
        }
    }
}
