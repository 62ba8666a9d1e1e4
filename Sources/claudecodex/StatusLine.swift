#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// `claudecodex statusline`: one line for the client's status bar. Whatever goes wrong is an empty line: a status bar is no
/// place for complaints, and nobody may wait for it.
enum StatusLine {
    static let usage = "claudecodex statusline"
    static let doc = "Print one line for the client's status bar."
    static let detail = """
        Reads on stdin the JSON that Claude Code gives its status line command, asks the proxy what the session has come to, and prints
        `hit 96%  $0.31  ttft 0.7s`: the share of all prompt tokens that came from the cache, what the session cost at list prices (`+`: a
        part of it has no known price), and the time to the first token of the latest answer, as `show` has it. In ~/.claude/settings.json:

            "statusLine": {"type": "command", "command": "claudecodex statusline"}

        The proxy is the one that ANTHROPIC_BASE_URL names, if that is on this machine, else the one that CLAUDECODEX_LISTEN or
        SERVER_PORT and CLAUDECODEX_TOKEN name, else 127.0.0.1:8082. Prints an empty line when there is no proxy, or when it does not
        know the session. Exit code: 0.

        The question is GET /v1/claudecodex/sessions/ID/stats. It is answered from memory, for the last 256 sessions of this run of the
        proxy, with one JSON object: session, exchanges, errors, prompt_tokens, cache_read_tokens, output_tokens, cost_usd
        (absent where nothing has a known price), unpriced_tokens, ttft_ms. Questions are not recorded.
        """

    /// What is read of stdin and of an answer at most.
    private static let most = 1 << 20
    /// How long all of it may take.
    private static let patienceMS = 150.0

    static func run(_ shell: [String: String]) -> ExitCode {
        let began = Monotonic.now()
        func left() -> Int32 { Int32(max(0, patienceMS - Monotonic.now().milliseconds(since: began))) }
        if isatty(STDIN_FILENO) == 1 {
            Output.say("claudecodex: statusline reads the client's JSON on stdin; see claudecodex help statusline\n")
            Output.data("\n")
            return .success
        }
        let given = LocalQuestion.read(STDIN_FILENO, most: most, left)
        var line = ""
        if let session = session(given), let place = ProxyPlace(shell),
            let answer = LocalQuestion.ask(place, "/v1/claudecodex/sessions/\(session)/stats", most: most, left)
        {
            line = text(answer)
        }
        Output.data(line + "\n")
        return .success
    }

    /// The session's id, if it can be part of a path.
    static func session(_ given: [UInt8]) -> String? {
        guard let id = (try? JSON.parse(given))?["session_id"]?.string, (1...200).contains(id.utf8.count),
            id.utf8.allSatisfy({ byte in byte < 0x80 && (Character(Unicode.Scalar(byte)).isLetter || isMark(byte)) }),
            id != ".", id != ".."
        else { return nil }
        return id
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_.".utf8.contains(byte)
    }

    /// `hit 96%  $0.31  ttft 0.7s`, with the parts that are known.
    static func text(_ answer: [UInt8]) -> String {
        guard let json = try? JSON.parse(answer), json.isObject, json["session"] != nil else { return "" }
        let unpriced = (json["unpriced_tokens"]?.int ?? 0) > 0
        let dollars = json["cost_usd"]?.double ?? 0
        let cost = dollars == 0 && unpriced ? nil : Amounts.sum(dollars, isPart: unpriced)
        let hit = Amounts.percent(json["cache_read_tokens"]?.int ?? 0, of: json["prompt_tokens"]?.int ?? 0)
        let parts = [hit.map { "hit \($0)" }, cost, json["ttft_ms"]?.double.map { "ttft " + Amounts.time($0) }]
        return parts.compactMap { $0 }.joined(separator: "  ")
    }
}

/// Where the proxy of this machine is to be asked.
struct ProxyPlace: Equatable {
    /// `127.0.0.1` or `::1`.
    let host: String
    let port: UInt16
    /// What stands before each path: `/k/TOKEN`, or nothing.
    let prefix: String

    /// Nil when the client talks to another machine: nobody there is to be asked.
    init?(_ shell: [String: String]) {
        if let url = shell["ANTHROPIC_BASE_URL"], !url.isEmpty {
            self.init(url: url)
        } else {
            let listen = shell["CLAUDECODEX_LISTEN"] ?? ":" + (shell["SERVER_PORT"] ?? "8082")
            let token = shell["CLAUDECODEX_TOKEN"].flatMap { AccessToken($0) }
            guard let address = try? ListenAddress(parsing: listen) else { return nil }
            self.init(url: address.url(with: token))
        }
    }

    private init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var path = rest.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" }
        while path.hasSuffix("/") { path.removeLast() }
        let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard isPlain,
            let address = try? ListenAddress(parsing: authority.contains(":") ? String(authority) : authority + ":80"),
            case .tcp(let name, let port) = address, port > 0, let number = UInt16(exactly: port)
        else { return nil }
        // On all interfaces is here, too.
        let host = ["0.0.0.0": "127.0.0.1", "::": "::1"][name] ?? name
        guard ListenAddress.isThisMachine(host) else { return nil }
        self.host = host.hasSuffix("localhost") ? "127.0.0.1" : host
        self.port = number
        prefix = String(path)
    }
}
