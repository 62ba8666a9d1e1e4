internal import Intercept

/// One page that was found.
struct WebSearchResult: Equatable {
    let title: String
    let url: String
    /// What it says about the query; empty where the command gave nothing.
    let snippet: String
    /// How old it is, in the command's words.
    var age: String?

    /// Longer ones are cut.
    private static let longestSnippet = 4000

    /// What a search command wrote: JSON (`[{"title","url","snippet","page_age"},…]`, or that list as `results` of an
    /// object), or lines of title, URL and snippet with tabs between them. Entries without a web address are left out.
    /// Nil when it is neither.
    static func read(_ output: [UInt8]) -> [WebSearchResult]? {
        guard let first = output.first(where: { $0 > 0x20 }) else { return [] }
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else { return lines(output) }
        guard let json = try? JSON.parse(output) else { return nil }
        let list = json.isArray ? json : json["results"]
        guard let list, list.isArray else { return nil }
        return list.elements.compactMap { entry in
            result(
                title: entry["title"]?.string, url: entry["url"]?.string,
                snippet: (entry["snippet"] ?? entry["description"] ?? entry["content"])?.string,
                age: entry["page_age"]?.string)
        }
    }

    private static func lines(_ output: [UInt8]) -> [WebSearchResult]? {
        var found: [WebSearchResult] = []
        for line in output.split(separator: 0x0A) {
            let fields = line.split(separator: 0x09, maxSplits: 2, omittingEmptySubsequences: false).map {
                Text.trim(String(decoding: $0, as: UTF8.self))
            }
            guard fields.count > 1 else { return nil }
            if let one = result(title: fields[0], url: fields[1], snippet: fields.count > 2 ? fields[2] : nil, age: nil)
            {
                found.append(one)
            }
        }
        return found
    }

    private static func result(title: String?, url: String?, snippet: String?, age: String?) -> WebSearchResult? {
        guard let url, ["https://", "http://"].contains(where: url.lowercased().hasPrefix) else { return nil }
        let name = title.map(Text.trim) ?? ""
        let text = Text.trim(snippet ?? "")
        return WebSearchResult(
            title: name.isEmpty ? url : name, url: url,
            snippet: text.utf8.count > longestSnippet ? String(text.prefix(longestSnippet)) + "…" : text, age: age)
    }
}
