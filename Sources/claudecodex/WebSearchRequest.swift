internal import Intercept

/// What a client asks of the server tool `web_search`: the side request that Claude Code's WebSearch tool makes. It offers
/// that tool alone, and its one message says what to look for.
struct WebSearchRequest: Equatable {
    let query: String
    /// Only results of these, if there are any; never results of those.
    let allowedDomains: [String]
    let blockedDomains: [String]
    let maxUses: Int?
    /// The tool's `user_location`, as JSON.
    let location: [UInt8]?

    /// How Claude Code 2 begins the message.
    private static let opening = "Perform a web search for the query: "

    /// Nil for any other request: with tools of the client's own, with a conversation behind it, or just counting tokens.
    init?(_ request: MessageRequest) {
        guard request.endpoint == .messages, let tools = request.tools.map(Array.init), let tool = tools.first,
            tools.allSatisfy({ $0["type"]?.string?.hasPrefix("web_search_") ?? false }),
            !(request.body["tool_choice"]?["type"]?.equals("none") ?? false)
        else { return nil }
        let messages = request.messages.filter { !($0["role"]?.equals("system") ?? false) }
        guard messages.count == 1, messages[0]["role"]?.equals("user") ?? false else { return nil }
        query = Self.query(messages[0]["content"])
        allowedDomains = Self.strings(tool["allowed_domains"])
        blockedDomains = Self.strings(tool["blocked_domains"])
        maxUses = tool["max_uses"]?.int
        location = tool["user_location"].flatMap { $0.isObject ? Array($0.raw) : nil }
    }

    private static func query(_ content: JSON?) -> String {
        let texts = content?.string.map { [$0] } ?? (content?.elements.compactMap { $0["text"]?.string } ?? [])
        let asked = texts.last { $0.hasPrefix(opening) }.map { String($0.dropFirst(opening.count)) }
        return Text.trim(asked ?? texts.joined(separator: "\n"))
    }

    private static func strings(_ list: JSON?) -> [String] { list?.elements.compactMap(\.string) ?? [] }

    /// Whether a result may be shown. A domain stands for the names below it too; a path behind it is a beginning.
    func admits(_ url: String) -> Bool {
        let place = Self.place(url)
        if blockedDomains.contains(where: { Self.covers($0, place) }) { return false }
        return allowedDomains.isEmpty || allowedDomains.contains { Self.covers($0, place) }
    }

    private static func covers(_ domain: String, _ place: (host: String, path: String)) -> Bool {
        let wanted = self.place(domain)
        guard place.host == wanted.host || place.host.hasSuffix("." + wanted.host) else { return false }
        var path = wanted.path[...]
        while path.hasSuffix("*") || path.hasSuffix("/") { path = path.dropLast() }
        return path.isEmpty || place.path == path || place.path.hasPrefix(path + "/")
            || wanted.path.hasSuffix("*")
                && place.path.hasPrefix(path)
    }

    /// Host in lower case and path of a URL, or of a domain with or without a path.
    private static func place(_ url: String) -> (host: String, path: String) {
        var rest = Array(url.utf8)[...]
        for scheme in ["https://", "http://"] where url.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.utf8.count)
        }
        let ends: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")]
        let authority = rest.prefix { !ends.contains($0) }
        let path = rest[authority.endIndex...].prefix { $0 == ends[0] || !ends.contains($0) }
        let behindUser = authority.lastIndex(of: UInt8(ascii: "@")).map { authority[($0 + 1)...] } ?? authority
        let host = behindUser.prefix { $0 != UInt8(ascii: ":") }
        return (String(decoding: host, as: UTF8.self).lowercased(), String(decoding: path, as: UTF8.self))
    }
}
