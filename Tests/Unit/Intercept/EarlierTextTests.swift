/// Parsing with the help of an earlier text: the same index, whatever the earlier text is.
import Testing

@testable import Intercept

struct EarlierTextTests {
    static let texts = [
        #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"x":1}]}],"n":12}"#,
        #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"x":1}]},{"b":[]}],"n":12}"#,
        #"{"model":"m","messages":[{"role":"user","content":"b"},{"role":"assistant","content":[{"x":1}]}],"n":123}"#,
        #"{"n":1,"messages":[{"role":"user","content":"a"}],"model":"longer name"}"#,
        #"{ "model" : "m" , "messages" : [ {"role":"user","content":"a"} , 1 , true ] , "n" : 12 }"#,
        #"{"messages":{"role":"user"},"model":["m"],"n":{"n":{"n":{"n":{"n":{"n":{"n":{"n":{"n":12}}}}}}}}}"#,
        #"{"messages":{"role":"user"},"model":["m"],"n":{"n":{"n":{"n":{"n":{"n":{"n":{"n":{"n":13}}}}}}}}}"#,
        #"{"mod\u0065l":"m","messages":"caf\u00e9","n":1.5e3}"#, #"{"n":1,"n":12,"n":{"a":1}}"#,
        "[1,2,[3,4],{}]", "[1,2,[3,4,5],{}]", "12", "123", "\"text\"", "{}", "[]", "null",
    ]

    static func nodes(_ json: JSON) -> [[Int]] {
        json.document.nodes.map {
            [Int($0.start), Int($0.end), Int($0.next), Int($0.kind.rawValue), $0.escaped ? 1 : 0]
        }
    }

    @Test("the index is the same with and without an earlier text", arguments: texts)
    func same(text: String) throws {
        let bytes = Array(text.utf8)
        let alone = Self.nodes(try JSON.parse(bytes))
        for earlier in Self.texts {
            let helped = try JSON.parse(bytes, like: JSON.parse(Array(earlier.utf8)))
            #expect(Self.nodes(helped) == alone, "like \(earlier)")
        }
    }

    @Test("damage anywhere gives the same error", arguments: texts.prefix(4))
    func damage(text: String) throws {
        let earlier = try JSON.parse(Array(text.utf8))
        for place in 0..<text.utf8.count {
            for byte in Array(#" "\{}[],:x0"#.utf8) + [0x0A, 0x80] {
                var bytes = Array(text.utf8)
                bytes[place] = byte
                let alone = Result { () throws(JSONError) in Self.nodes(try JSON.parse(bytes)) }
                let helped = Result { () throws(JSONError) in Self.nodes(try JSON.parse(bytes, like: earlier)) }
                #expect(helped == alone, "\(String(decoding: bytes, as: UTF8.self))")
            }
            let cut = Array(text.utf8.prefix(place))
            #expect(throws: JSONError.self) { try JSON.parse(cut, like: earlier) }
        }
    }

    @Test("a conversation of requests, each parsed with the last one's help")
    func conversation() throws {
        var earlier: JSON?
        for turn in 1...60 {
            let messages = (0..<turn).map { index in
                #"{"role":"user","content":[{"type":"text","text":"turn \#(index)\#(index == turn - 1 ? "!" : "")"}]}"#
            }
            let text =
                #"{"model":"m","messages":[\#(messages.joined(separator: ","))],"tools":[{"name":"T"}],"n":\#(turn)}"#
            let bytes = Array(text.utf8)
            let helped = try JSON.parse(bytes, like: earlier)
            #expect(Self.nodes(helped) == Self.nodes(try JSON.parse(bytes)))
            earlier = helped
        }
    }

    @Test("a part of a text is no help, and does no harm")
    func part() throws {
        let part = try #require(JSON.parse(Array(#"[{"a":1}]"#.utf8)).elements.first { _ in true })
        #expect(Self.nodes(try JSON.parse(Array(#"{"a":1}"#.utf8), like: part)).count == 3)
    }

    @Test("recent bodies are kept by conversation and within their limit")
    func recentBodies() throws {
        let recent = RecentBodies(mostBytes: 40)
        func head(_ session: String, _ agent: String? = nil) -> HTTPHead {
            var fields = HTTPFields([.init("x-claude-code-session-id", session)])
            if let agent { fields.append("x-claude-code-agent-id", agent) }
            return HTTPHead(method: "POST", target: "/", minorVersion: 1, headers: fields)
        }
        for turn in 0..<20 {
            let text = Array(#"{"turn":\#(turn),"x":"\#(turn % 3)"}"#.utf8)
            for place in [head("a"), head("b"), head("a", "c")] {
                let body = try recent.parse(text, of: place)
                #expect(body["turn"]?.int == turn)
                #expect(Self.nodes(body) == Self.nodes(try JSON.parse(text)))
            }
        }
        #expect(throws: JSONError.self) { try recent.parse([0x7B], of: head("a")) }
        let large = Array(#"{"text":"\#(String(repeating: "x", count: 100))"}"#.utf8)
        #expect(try recent.parse(large, of: head("a"))["text"]?.string?.count == 100)
        #expect(try recent.parse(large, of: head("a"))["text"]?.string?.count == 100)
    }
}
