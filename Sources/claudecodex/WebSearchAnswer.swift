internal import Intercept

/// The message that a service with a search of its own would give: the call, its result, and what was found as text.
struct WebSearchAnswer {
    /// What came of the search.
    enum Finding: Equatable {
        case found([WebSearchResult])
        case failed(Failing)
    }

    /// `error_code` of a `web_search_tool_result_error`.
    enum Code: String {
        case unavailable
        case invalidInput = "invalid_tool_input"
        case maxUses = "max_uses_exceeded"
        case tooMany = "too_many_requests"
        case queryTooLong = "query_too_long"
        case requestTooLarge = "request_too_large"
    }

    /// A search that failed, and why, in words for the model.
    struct Failing: Error, Equatable {
        let code: Code
        let why: String
    }

    let query: String
    let finding: Finding

    func events(to request: MessageRequest) -> [MessageEvent] {
        let id = "srvtoolu_" + Identifier.hex(Identifier.random(12))
        var usage = Usage()
        if case .found = finding { usage.webSearches = 1 } else { usage.webSearches = 0 }
        return Reply.events(
            [
                (.other(json: call(id)), [.inputJSON(JSONText(input))]), (.other(json: result(id)), []),
                (.text, [.text(JSONText(text))]),
            ], to: request, usage: usage)
    }

    private var input: String {
        var out = JSONWriter()
        out.beginObject()
        out.field("query", query)
        out.endObject()
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func call(_ id: String) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("type", "server_tool_use")
        out.field("id", id)
        out.field("name", "web_search")
        out.verbatim(#","input":{},"caller":{"type":"direct"}}"#)
        return out.bytes
    }

    private func result(_ id: String) -> [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        out.field("type", "web_search_tool_result")
        out.field("tool_use_id", id)
        out.key("content")
        switch finding {
        case .failed(let failing):
            out.beginObject()
            out.field("type", "web_search_tool_result_error")
            out.field("error_code", failing.code.rawValue)
            out.endObject()
        case .found(let results):
            out.beginArray()
            for result in results { result.write(into: &out) }
            out.endArray()
        }
        out.verbatim(#","caller":{"type":"direct"}}"#)
        return out.bytes
    }

    /// What a reader of text alone learns. Clients keep title and address of a result; its snippet stands only here.
    private var text: String {
        switch finding {
        case .failed(let failing): return "The web search failed: \(failing.why)"
        case .found(let results) where results.isEmpty: return "The web search for \"\(query)\" found nothing."
        case .found(let results):
            let entries = results.enumerated().map { number, result in
                "\(number + 1). \(result.title)\n   \(result.url)"
                    + (result.age.map { "\n   \($0)" } ?? "")
                    + (result.snippet.isEmpty ? "" : "\n   \(result.snippet)")
            }
            return "The web search for \"\(query)\" found:\n\n" + entries.joined(separator: "\n\n")
        }
    }
}

extension WebSearchResult {
    /// A `web_search_result`. `encrypted_content` is opaque to clients; ours says whose it is and holds nothing.
    fileprivate func write(into out: inout JSONWriter) {
        out.beginObject()
        out.field("type", "web_search_result")
        out.field("title", title)
        out.field("url", url)
        out.field("encrypted_content", "ccx1.")
        out.key("page_age")
        if let age { out.string(age) } else { out.null() }
        out.endObject()
    }
}
