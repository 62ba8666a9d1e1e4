internal import Intercept

/// From a citation of Converse's to one of the Messages API: places in documents and search results have the same form in
/// both; a place in the web needs a key of Anthropic's own service and has none here.
enum ConverseCitation {
    /// The delta that adds the citation to a block of text, or nil for one without a form.
    static func delta(_ citation: JSON) -> BlockDelta? {
        guard let location = citation["location"], let place = Place(location) else { return nil }
        var out = JSONWriter()
        out.beginObject()
        out.field("type", "citations_delta")
        out.key("citation")
        out.beginObject()
        out.field("type", place.type)
        out.field("cited_text", text(citation["sourceContent"]))
        out.field(place.index, place.location[place.indexKey]?.int ?? 0)
        if place.type == "search_result_location" { out.field("source", citation["source"]?.text ?? "") }
        out.key(place.type == "search_result_location" ? "title" : "document_title")
        if let title = citation["title"], title.isString { out.value(title) } else { out.verbatim("null") }
        out.field(place.start, place.location["start"]?.int ?? 0)
        out.field(place.end, place.location["end"]?.int ?? 0)
        out.endObject()
        out.endObject()
        return .other(json: out.bytes)
    }

    private static func text(_ parts: JSON?) -> JSONText {
        var text: JSONText = ""
        guard let parts else { return text }
        for part in parts.elements { if let more = part["text"]?.text { text.append(more) } }
        return text
    }

    /// How one kind of place is called in the Messages API.
    private struct Place {
        let location: JSON
        let type: String
        let indexKey: String
        let index: StaticString
        let start: StaticString
        let end: StaticString

        init?(_ union: JSON) {
            if let location = union["documentChar"] {
                self.init(location, "char_location", "start_char_index", "end_char_index")
            } else if let location = union["documentPage"] {
                self.init(location, "page_location", "start_page_number", "end_page_number")
            } else if let location = union["documentChunk"] {
                self.init(location, "content_block_location", "start_block_index", "end_block_index")
            } else if let location = union["searchResultLocation"] {
                self.init(location, "search_result_location", "start_block_index", "end_block_index")
            } else {
                return nil
            }
        }

        private init(_ location: JSON, _ type: String, _ start: StaticString, _ end: StaticString) {
            let isSearch = type == "search_result_location"
            (self.location, self.type, self.start, self.end) = (location, type, start, end)
            indexKey = isSearch ? "searchResultIndex" : "documentIndex"
            index = isSearch ? "search_result_index" : "document_index"
        }
    }
}

extension ConverseStream {
    /// Adds a citation to the text that is open, or opens one for it.
    mutating func take(citation: JSON, _ emit: (MessageEvent) -> Void) {
        guard let delta = ConverseCitation.delta(citation) else {
            return losses.add(.drop, "content.citations", "a citation of a place that has no form here")
        }
        openText(emit)
        if case .text = block { emit(.blockDelta(index: nextIndex - 1, delta: delta)) }
    }

    /// A text of a whole answer, with its citations.
    mutating func take(cited: JSON, _ emit: (MessageEvent) -> Void) {
        for part in cited["content"]?.elements ?? cited.elements {
            if let text = part["text"]?.text { take(.text, text, emit) }
        }
        for citation in cited["citations"]?.elements ?? cited.elements { take(citation: citation, emit) }
    }
}
