#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
internal import Intercept

/// The command of `--web-search`. It is started without a shell, and nothing of a request stands on its command line: the
/// question is JSON on its stdin, the query alone also in a variable. So no query can become a command or an option.
struct WebSearchCommand: Equatable {
    /// The program and its arguments.
    let words: [String]

    /// The variable that holds the query.
    static let variable = "CLAUDECODEX_SEARCH_QUERY"
    /// Told to the command; what it gives beyond that is left out.
    static let mostResults = 20
    /// A query of more bytes is refused.
    static let longestQuery = 2000

    static func parse(_ text: String) -> Result<WebSearchCommand, RuleProblem> {
        CommandWords.split(text).map(WebSearchCommand.init)
    }

    /// Runs it.
    func ask(
        _ request: WebSearchRequest, _ limits: Limits, for exchange: Exchange, on loop: EventLoop
    ) async -> WebSearchAnswer.Finding {
        let question = Self.question(request)
        guard question.count <= Subprocess.mostInput else {
            return .failed(.init(code: .requestTooLarge, why: "its domains and query are too long."))
        }
        let query = String(decoding: request.query.utf8.filter { $0 != 0 }, as: UTF8.self)
        let answer = await Subprocess.run(
            words, input: question, variables: ["\(Self.variable)=\(query)"], milliseconds: limits.searchTimeoutMS,
            most: limits.maxSearch, for: exchange, on: loop)
        return finding(answer, request, limits)
    }

    /// `{"query":…,"allowed_domains":[…],"blocked_domains":[…],"max_results":20,"user_location":{…}}` and a line end.
    static func question(_ request: WebSearchRequest) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("query", request.query)
        for (name, domains) in [
            ("allowed_domains", request.allowedDomains), ("blocked_domains", request.blockedDomains),
        ] {
            out.key(text: name)
            out.beginArray()
            for domain in domains { out.string(domain) }
            out.endArray()
        }
        out.field("max_results", mostResults)
        if let location = request.location {
            out.key("user_location")
            out.raw(location)
        }
        out.endObject()
        return out.bytes + [0x0A]
    }

    /// What its end and its output mean.
    func finding(
        _ answer: Subprocess.Answer, _ request: WebSearchRequest, _ limits: Limits
    ) -> WebSearchAnswer.Finding {
        guard answer.ending == .exited(0) else { return .failed(failing(answer, limits)) }
        guard let results = WebSearchResult.read(answer.output) else {
            return .failed(.init(code: .unavailable, why: "\(name) wrote neither JSON nor lines with tabs."))
        }
        return .found(Array(results.filter { request.admits($0.url) }.prefix(Self.mostResults)))
    }

    private func failing(_ answer: Subprocess.Answer, _ limits: Limits) -> WebSearchAnswer.Failing {
        let said = Text.trim(String(decoding: answer.complaint, as: UTF8.self))
        let complaint = said.isEmpty ? "." : ": \(said)"
        switch answer.ending {
        // EX_TEMPFAIL: for services that count.
        case .exited(75): return .init(code: .tooMany, why: "\(name) says to try later\(complaint)")
        case .exited(let code): return .init(code: .unavailable, why: "\(name) ended with code \(code)\(complaint)")
        case .killed(let signal): return .init(code: .unavailable, why: "\(name) was ended by signal \(signal).")
        case .timedOut:
            return .init(code: .unavailable, why: "\(name) took longer than \(limits.searchTimeoutMS / 1000) s.")
        case .tooMuch: return .init(code: .unavailable, why: "\(name) wrote more than \(limits.maxSearch) bytes.")
        case .clientGone: return .init(code: .unavailable, why: "the client has gone.")
        case .notStarted(let code):
            return .init(code: .unavailable, why: "\(name) cannot be started: \(String(cString: strerror(code))).")
        }
    }

    /// The program, without the folders in front of it.
    private var name: String { Files.name(words[0]) }
}
