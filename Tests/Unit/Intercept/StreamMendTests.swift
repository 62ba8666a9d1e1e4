/// What a passed-through answer gets that its service left out.
import Testing

@testable import Intercept

struct StreamMendTests {
    private static func event(_ data: String) -> SSEEvent {
        SSEEvent(name: (try? JSON.parse(Array(data.utf8)))?["type"]?.string ?? "", data: Array(data.utf8))
    }

    private static func mended(_ events: [String]) -> (data: [String], end: MessageEvent?) {
        var mend = StreamMend { 1234 }
        let data = events.map { String(decoding: mend.mend(event($0)).data, as: UTF8.self) }
        return (data, mend.end())
    }

    private static func start(_ usage: String) -> String {
        #"{"type":"message_start","message":{"id":"m","model":"x","content":[]\#(usage)} }"#
    }

    private static let delta =
        #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#
    private static let stop = #"{"type":"message_stop"}"#
    private static let text =
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"12345678"}}"#

    @Test(
        "a stream that lacks nothing keeps its bytes",
        arguments: [
            #","usage":{"input_tokens":3,"output_tokens":1}"#,
            #","usage":{"input_tokens":0,"cache_read_input_tokens":9}"#,
        ])
    func whole(usage: String) {
        let events = [
            Self.start(usage), #"{"type":"ping"}"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            Self.text, #"{"type":"content_block_stop","index":0}"#, Self.delta, #"{"type":"new_thing","x":[1]}"#,
            Self.stop,
        ]
        let (data, end) = Self.mended(events)
        #expect(data == events && end == nil)
    }

    @Test(
        "a prompt that is counted late or never is estimated at the beginning",
        arguments: [
            (#","usage":{"input_tokens":0,"output_tokens":0}"#, #","usage":{"input_tokens":1234,"output_tokens":0}"#),
            (#","usage":{"output_tokens":0}"#, #","usage":{"output_tokens":0,"input_tokens":1234}"#),
            (#","usage":{}"#, #","usage":{"input_tokens":1234}"#),
            (#","usage":null"#, #","usage":{"input_tokens":1234,"output_tokens":0}"#),
            ("", #","usage":{"input_tokens":1234,"output_tokens":0}"#),
        ])
    func prompt(usage: String, expected: String) {
        #expect(Self.mended([Self.start(usage)]).data == [Self.start(expected)])
    }

    @Test("thinking without a signature gets an empty one, so that clients keep it")
    func signature() {
        let block = #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#
        #expect(
            Self.mended([Self.start(""), block]).data[1]
                == #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#
        )
    }

    @Test("an end without counts gets them", arguments: ["", #","usage":null"#])
    func counts(usage: String) {
        let bare = #"{"type":"message_delta","delta":{"stop_reason":"end_turn"}\#(usage)}"#
        #expect(
            Self.mended([Self.start(""), Self.text, Self.text, bare]).data[3]
                == #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}"#)
    }

    @Test("the last event is added only behind a reason to stop; else the stream ends with an error")
    func ending() {
        #expect(Self.mended([Self.start(""), Self.delta]).end == .messageStop)
        guard case .error(let error) = Self.mended([Self.start(""), Self.text]).end else {
            Issue.record("expected an error event")
            return
        }
        #expect(error.status == 502 && error.message.contains("in the middle"))
        #expect(Self.mended([]).end == nil)
        #expect(Self.mended([Self.start(""), #"{"type":"error","error":{"type":"x","message":"y"}}"#]).end == nil)
    }

    @Test(
        "broken data stays as it is", arguments: ["", "{", #"{"type":"message_start"}"#, "[]"])
    func broken(data: String) {
        var mend = StreamMend { 1 }
        let event = SSEEvent(name: "message_start", data: Array(data.utf8))
        #expect(mend.mend(event) == event)
    }

    @Test("a whole answer without counts gets an estimate, one with counts stays")
    func wholeAnswer() throws {
        let mend = StreamMend { 7 }
        let counted = #"{ "content":[],"usage":{"input_tokens":1}}"#
        #expect(mend.mend(whole: try JSON.parse(Array(counted.utf8))) == Array(counted.utf8))
        #expect(
            mend.mend(whole: try JSON.parse(Array(#"{"content":[]}"#.utf8)))
                == Array(#"{"content":[],"usage":{"input_tokens":7,"output_tokens":0}}"#.utf8))
    }
}

struct JSONEditTests {
    @Test(
        "one member is set and every other byte stays",
        arguments: [
            (#"{ "a" : 1 ,"b":[2]}"#, "a", #"{ "a" : 9 ,"b":[2]}"#), (#"{ "b": 2 }"#, "a", #"{ "b": 2 ,"a":9}"#),
            ("{}", "a", #"{"a":9}"#), ("{ }", "a", #"{ "a":9}"#),
        ])
    func setting(text: String, name: String, expected: String) throws {
        #expect(try JSON.parse(Array(text.utf8)).setting(name, to: Array("9".utf8)) == Array(expected.utf8))
    }
}
