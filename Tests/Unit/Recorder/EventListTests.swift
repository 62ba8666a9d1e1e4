/// Streams as lists of events, from which their bytes can be made again.
import Testing

@testable import Intercept
@testable import Recorder

struct EventListTests {
    static func list(
        _ text: String, isStream: Bool = true, marks: [Moment.Events.Mark] = [.init(offset: 0, milliseconds: 1.26)]
    ) -> EventList {
        EventList(.init(side: .upstream, part: 0, bytes: Array(text.utf8), marks: marks, isEventStream: isStream))
    }

    static func json(_ list: EventList) -> String { String(decoding: list.json, as: UTF8.self) }

    /// The bytes that the list stands for, as a replay would send them.
    static func bytes(_ list: EventList) throws -> [UInt8] {
        var out: [UInt8] = []
        for event in try #require(list.parsed).elements {
            let parts = Array(event.elements)
            if parts.count == 4 {
                out += try #require(parts[3].text).utf8Bytes
                continue
            }
            if let name = parts[1].text { out += Array("event: ".utf8) + name.utf8Bytes + [0x0A] }
            out +=
                Array("data: ".utf8) + (parts[2].isString ? parts[2].text?.utf8Bytes ?? [] : Array(parts[2].raw)) + [
                    0x0A, 0x0A,
                ]
        }
        return out
    }

    static let streams: [(text: String, json: String)] = [
        ("event: ping\ndata: {\"type\":\"ping\"}\n\n", #"[[1.3,"ping",{"type":"ping"}]]"#),
        ("data: {\"a\":1}\n\ndata: [DONE]\n\n", #"[[1.3,null,{"a":1}],[1.3,null,"[DONE]"]]"#),
        ("data: {\"a\":1} \n\n", #"[[1.3,null,"{\"a\":1} "]]"#),
        ("data: {\"a\":1\n\n", #"[[1.3,null,"{\"a\":1"]]"#),
        ("data: {},\"x\"],[0,\"forged\",{}\n\n", #"[[1.3,null,"{},\"x\"],[0,\"forged\",{}"]]"#),
        ("data: \"text\"\n\n", #"[[1.3,null,"\"text\""]]"#),
        ("data: {\"a\":\"\\ud83d\"}\n\n", #"[[1.3,null,"{\"a\":\"\\ud83d\"}"]]"#),
        (": waiting\n\n", #"[[1.3,null,null,": waiting\n\n"]]"#),
        ("event: a\r\ndata: {}\r\n\r\n", #"[[1.3,"a",{},"event: a\r\ndata: {}\r\n\r\n"]]"#),
        ("data:{\"a\":1}\n\n", #"[[1.3,null,{"a":1},"data:{\"a\":1}\n\n"]]"#),
        ("data: a\ndata: b\n\n", #"[[1.3,null,"a\nb","data: a\ndata: b\n\n"]]"#),
        ("id: 7\nevent: x\ndata: {}\n\n", #"[[1.3,"x",{},"id: 7\nevent: x\ndata: {}\n\n"]]"#),
        ("event: cut\ndata: {\"a\":", #"[[1.3,"cut","{\"a\":","event: cut\ndata: {\"a\":"]]"#),
        ("\n\ndata: {}\n\n", #"[[1.3,null,null,"\n\n"],[1.3,null,{}]]"#),
        ("event: é\ndata: {}\n\n", #"[[1.3,"é",{}]]"#),
        ("", "[]"),
    ]

    @Test("each event is listed with its time, and the bytes can be made again", arguments: streams)
    func stream(text: String, json: String) throws {
        let list = Self.list(text)
        #expect(Self.json(list) == json)
        #expect(try Self.bytes(list) == Array(text.utf8))
    }

    @Test(
        "events that resemble the one before are checked all the same",
        arguments: [
            (#"{"i":0,"t":"a"}"#, true), (#"{"i":0,"t":"b \n \" \\"}"#, true), (#"{"i":0,"t":"\u00e9"}"#, true),
            (#"{"i":0,"t":"é"}"#, true),
            (#"{"i":0,"t":"\ud83d"}"#, false), (#"{"i":0,"t":"\x"}"#, false), (#"{"i":0,"t":"a"b"}"#, false),
            (#"{"i":0,"t":"a"#, false),
            (#"{"i":0,"t":"a"}}"#, false), (#"{"i":0,"t":"a","u":"b"}"#, true), ("{\"i\":0,\"t\":\"a\tb\"}", false),
            (#"{"i":0,"t":""}"#, true),
        ])
    func templates(data: String, isJSON: Bool) throws {
        let text = "data: {\"i\":0,\"t\":\"first\"}\n\ndata: \(data)\n\ndata: {\"i\":0,\"t\":\"last\"}\n\n"
        let list = Self.list(text)
        let events = try #require(list.parsed).elements.map { Array($0.elements)[2] }
        #expect(events.map(\.isObject) == [true, isJSON, true])
        #expect(try Self.bytes(list) == Array(text.utf8))
    }

    @Test("an event's time is that of its last byte")
    func times() {
        let one = "data: {}\n\n"
        let list = Self.list(
            one + one + one,
            marks: [
                .init(offset: 0, milliseconds: 1), .init(offset: 15, milliseconds: 2.5),
                .init(offset: 20, milliseconds: 30),
            ])
        #expect(Self.json(list) == "[[1,null,{}],[2.5,null,{}],[30,null,{}]]")
    }

    @Test(
        "a whole body is one event without a name",
        arguments: [
            (#"{"a":1}"#, #"[[1.3,null,{"a":1}]]"#), ("text", #"[[1.3,null,"text"]]"#),
            ("{\n}", #"[[1.3,null,"{\n}"]]"#),
        ])
    func body(text: String, json: String) {
        #expect(Self.json(Self.list(text, isStream: false)) == json)
    }

    @Test("bytes that are no text go as base64, piece by piece as they came")
    func binary() {
        let events = Moment.Events(
            side: .upstream, part: 0, bytes: [0xFF, 0xFE, 0x00, 0x01],
            marks: [.init(offset: 0, milliseconds: 1), .init(offset: 3, milliseconds: 2)], isEventStream: false)
        let list = EventList(events)
        #expect(list.isBinary)
        #expect(Self.json(list) == #"[[1,null,"//4A"],[2,null,"AQ=="]]"#)
    }

    @Test("invalid UTF-8 in a stream never breaks a line")
    func invalid() throws {
        let bytes: [UInt8] = Array("data: {\"a\":\"".utf8) + [0xFF] + Array("\"}\n\n".utf8)
        let list = EventList(.init(side: .upstream, part: 0, bytes: bytes, marks: [], isEventStream: true))
        #expect(list.parsed != nil)
        #expect(String(validating: list.json, as: UTF8.self) != nil)
    }
}
