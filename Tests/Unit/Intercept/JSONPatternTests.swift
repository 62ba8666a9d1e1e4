/// Texts with holes: what fits is valid JSON of the same shape, and what is in the hole is found.
import Testing

@testable import Intercept

struct JSONPatternTests {
    static let text = #"{"id":"1","delta":{"content":"one"},"last":null}"#

    /// A pattern with holes for the id and the content.
    static func pattern() -> JSONPattern {
        let bytes = Array(text.utf8)
        return JSONPattern(bytes, 0..<bytes.count, holes: [7..<8, 30..<33])
    }

    static func find(_ hole: Int, in text: String) -> String? {
        let bytes = Array(text.utf8)
        let all = bytes[...]
        return pattern().find(hole, in: all.span).map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }

    @Test("what differs in the holes fits")
    func fits() {
        #expect(Self.find(0, in: Self.text) == "1")
        #expect(Self.find(1, in: Self.text) == "one")
        #expect(Self.find(1, in: #"{"id":"","delta":{"content":""},"last":null}"#) == "")
        #expect(
            Self.find(0, in: #"{"id":"a longer one","delta":{"content":"é\n\"x\""},"last":null}"#) == "a longer one")
        #expect(Self.find(1, in: #"{"id":"2","delta":{"content":"é\n\"x\""},"last":null}"#) == #"é\n\"x\""#)
    }

    @Test(
        "anything else does not",
        arguments: [
            "", #"{"id":"1""#, #"{"id":"1","delta":{"content":"one"},"last":null"#,
            #"{"id":"1","delta":{"content":"one"},"last":null}}"#, #"{"id":1,"delta":{"content":"one"},"last":null}"#,
            #"{"id":"1","delta":{"content":"one","x":1},"last":null}"#,
            #"{"id":"1","delta":{"content":"\u0041"},"last":null}"#,
            #"{"id":"1","delta":{"content":"\q"},"last":null}"#,
            "{\"id\":\"1\",\"delta\":{\"content\":\"\n\"},\"last\":null}",
            #"{"id":"1","delta":{"content":"one},"last":null}"#, #"{"id":"1","delta":{"content":"one"},"last":"stop"}"#,
        ])
    func doesNotFit(text: String) {
        #expect(Self.find(1, in: text) == nil)
    }

    @Test("a reader of events gives the same events with and without patterns")
    func reader() {
        var reader = MessageEventReader()
        let deltas = [
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"b\nc"}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\u00e9"}}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"d"}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"e"}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
            #"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
            #"{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
            #"{"type":"content_block_delta","index":2,"delta":{"type":"thinking_delta","thinking":"so"}}"#,
            #"{"type":"content_block_delta","index":2,"delta":{"type":"signature_delta","signature":"s"}}"#,
            #"{"type":"content_block_delta","index":2,"delta":{"type":"new_delta","text":"x"}}"#,
            #"{"type":"content_block_stop","index":2}"#, #"{"type":"ping"}"#, "no JSON",
        ]
        for data in deltas {
            let event = SSEEvent(name: "content_block_delta", data: Array(data.utf8))
            #expect(reader.read(event) == MessageEvent(event), "\(data)")
        }
    }
}
