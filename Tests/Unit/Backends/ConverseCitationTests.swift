import Testing

@testable import Backends
@testable import Intercept

/// Citations of Converse's in the words of the Messages API.
@Suite struct ConverseCitationTests {
    private static let known = [
        (
            #"{"title":"A \"b\"","sourceContent":[{"text":"one "},{"text":"two"}],"location":{"documentChar":{"documentIndex":1,"start":3,"end":9}}}"#,
            #"{"type":"char_location","cited_text":"one two","document_index":1,"document_title":"A \"b\"","start_char_index":3,"end_char_index":9}"#
        ),
        (
            #"{"sourceContent":[{"text":"x"}],"location":{"documentPage":{"documentIndex":0,"start":2,"end":3}}}"#,
            #"{"type":"page_location","cited_text":"x","document_index":0,"document_title":null,"start_page_number":2,"end_page_number":3}"#
        ),
        (
            #"{"sourceContent":[],"location":{"documentChunk":{"documentIndex":0,"start":0,"end":1}}}"#,
            #"{"type":"content_block_location","cited_text":"","document_index":0,"document_title":null,"start_block_index":0,"end_block_index":1}"#
        ),
        (
            #"{"title":"T","source":"https://x","sourceContent":[{"text":"x"}],"location":{"searchResultLocation":{"searchResultIndex":4,"start":0,"end":2}}}"#,
            #"{"type":"search_result_location","cited_text":"x","search_result_index":4,"source":"https://x","title":"T","start_block_index":0,"end_block_index":2}"#
        ),
    ]

    @Test(
        "a place in a document or in a search result has the same form in a stream and in a whole answer",
        arguments: known)
    func places(converse: String, messages: String) throws {
        let (events, losses) = try Converse.stream([
            Converse.delta(0, #"{"text":"so"}"#), Converse.delta(0, #"{"citation":\#(converse)}"#), Converse.stop(0),
        ])
        #expect(Chat.fault(events) == nil)
        #expect(losses.isEmpty)
        let delta = #"{"type":"citations_delta","citation":\#(messages)}"#
        #expect(events.contains(.blockDelta(index: 0, delta: .other(json: Array(delta.utf8)))))
        let whole =
            #"{"output":{"message":{"role":"assistant","content":[{"citationsContent":{"content":[{"text":"so"}],"citations":[\#(converse)]}}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1}}"#
        let (again, _) = try Converse.decode(Array(whole.utf8), for: Chat.request())
        #expect(again.contains(.blockDelta(index: 0, delta: .other(json: Array(delta.utf8)))))
        #expect(Chat.blocks(again) == Chat.blocks(events))
    }

    @Test("a citation before its text opens the block, and blanks that waited come first")
    func early() throws {
        let place = Self.known[1].0
        let (events, losses) = try Converse.stream([
            Converse.delta(0, #"{"text":" "}"#), Converse.delta(0, #"{"citation":\#(place)}"#),
            Converse.delta(0, #"{"text":"x"}"#), Converse.stop(0), Converse.delta(1, #"{"citation":\#(place)}"#),
            Converse.stop(1),
        ])
        #expect(Chat.fault(events) == nil)
        #expect(losses.isEmpty)
        #expect(Chat.blocks(events) == ["text: x", "text:"])
    }

    @Test(
        "a place in the web, and one that is not known, are lost and say so",
        arguments: [#"{"location":{"web":{"url":"https://x"}}}"#, #"{"location":{"moon":{}}}"#, "{}"])
    func lost(citation: String) throws {
        let (events, losses) = try Converse.stream([
            Converse.delta(0, #"{"text":"x"}"#), Converse.delta(0, #"{"citation":\#(citation)}"#), Converse.stop(0),
        ])
        #expect(Chat.blocks(events) == ["text:x"])
        #expect(losses.map(\.path) == ["content.citations"])
    }
}
