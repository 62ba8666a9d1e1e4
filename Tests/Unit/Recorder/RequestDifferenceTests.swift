/// What changed from one Messages request to another, and where a cached prefix breaks.
import Testing

@testable import Intercept
@testable import Recorder

struct RequestDifferenceTests {
    static func json(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

    static let mark = #""cache_control":{"type":"ephemeral"}"#

    static func body(
        model: String = "m", tools: [String] = ["Bash", "Read"], system: String = "be brief", extra: String = "",
        messages: [String]
    ) -> String {
        let tools = tools.map { #"{"name":"\#($0)","description":"d","input_schema":{}}"# }.joined(separator: ",")
        return
            #"{"model":"\#(model)","tools":[\#(tools)],"system":[{"type":"text","text":"\#(system)",\#(mark)}]\#(extra),"messages":[\#(messages.joined(separator: ","))]}"#
    }

    static let first = #"{"role":"user","content":[{"type":"text","text":"one",\#(mark)}]}"#
    /// The same message a turn later: without its mark it is a string.
    static let later = #"{"role":"user","content":"one"}"#
    static let answer =
        #"{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"Bash","input":{"cache_control":1}}]}"#
    static let result = #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"ok",\#(mark)}]}"#

    @Test func `a turn later there are two messages more and the prefix holds`() throws {
        let difference = try RequestDifference(
            from: Self.json(Self.body(messages: [Self.first])),
            to: Self.json(Self.body(messages: [Self.later, Self.answer, Self.result])))
        #expect(difference.sameMessages == 1)
        #expect(difference.messages.count == 2)
        #expect(difference.sameParameters == ["model"])
        #expect(difference.movedMarks == 1)
        #expect(difference.reshaped == 1)
        #expect(!difference.isSame)
        #expect(
            difference.prefix.fate == .holds(upTo: JSONPlace([.member("messages"), .element(0), .member("content")])))
    }

    static let breaks: [(name: String, body: String, place: String)] = [
        ("another model", body(model: "x", messages: [first]), "model"),
        ("a tool behind the others", body(tools: ["Bash", "Read", "New"], messages: [first]), "tools[2]"),
        ("a tool in front", body(tools: ["New", "Bash", "Read"], messages: [first]), "tools[0]"),
        ("a tool gone", body(tools: ["Bash"], messages: [first]), "tools[1]"),
        ("another system prompt", body(system: "be long", messages: [first]), "system"),
        ("thinking", body(extra: #","thinking":{"type":"enabled"}"#, messages: [first]), "thinking"),
        ("an edited message", body(messages: [first.replacing("one", with: "two")]), "messages[0].content"),
        ("no messages", body(messages: []), "messages[0].role"),
    ]

    @Test(arguments: breaks) func `the prefix breaks where the requests part`(
        _ one: (name: String, body: String, place: String)
    ) throws {
        let prefix = try CachedPrefix(from: Self.json(Self.body(messages: [Self.first])), to: Self.json(one.body))
        guard case .breaks(let place) = prefix.fate else {
            Issue.record("\(one.name): \(prefix.fate)")
            return
        }
        #expect("\(place)" == one.place)
    }

    @Test func `what differs behind the last mark breaks nothing`() throws {
        let old = Self.body(messages: [Self.first, #"{"role":"user","content":"tail"}"#])
        let new = Self.body(messages: [Self.first, #"{"role":"user","content":"other"}"#])
        let prefix = try CachedPrefix(from: Self.json(old), to: Self.json(new))
        #expect(prefix.fate == .holds(upTo: JSONPlace([.member("messages"), .element(0), .member("content")])))
        #expect(prefix.firstDifference?.description == "messages[1].content")
    }

    @Test func `without a mark there is no cached prefix`() throws {
        let plain = #"{"model":"m","messages":[{"role":"user","content":"a"}]}"#
        #expect(try CachedPrefix(from: Self.json(plain), to: Self.json(plain)).fate == .unmarked)
    }

    @Test func `tools are compared by name`() throws {
        let new = Self.body(tools: ["Read", "Bash", "New"], messages: [Self.first]).replacing(
            #""Read","description":"d""#, with: #""Read","description":"e""#)
        let difference = try RequestDifference(
            from: Self.json(Self.body(messages: [Self.first])), to: Self.json(new))
        #expect(difference.addedTools == ["New"])
        #expect(difference.removedTools == [])
        #expect(difference.hasReorderedTools)
        #expect(difference.alteredTools.map { "\($0.name) \($0.change.place)" } == ["Read tools[0].description"])
    }

    @Test func `arguments of a call that are named like a mark are no mark`() throws {
        let plain = PlainRequest(try Self.json(Self.body(messages: [Self.first, Self.answer])))
        #expect(plain.marks.map(\.description) == ["system[0].cache_control", "messages[0].content[0].cache_control"])
        #expect(
            plain.json["messages"]?.elements.map { $0 }[1]["content"]?.elements.map { $0 }[0]["input"]?["cache_control"]
                != nil)
    }

    @Test(arguments: [
        (["a", "b", "c"], ["a", "b", "c"], 3, true), (["a", "b"], ["a", "x", "b"], 1, false), ([], ["a"], 0, false),
    ])
    func `sequences of tools part where they part`(_ old: [String], _ new: [String], _ common: Int, _ same: Bool) {
        let difference = SequenceDifference(from: old, to: new)
        #expect(difference.common == common)
        #expect(difference.isSame == same)
        let news = difference.steps.compactMap { step -> String? in
            switch step {
            case .same(let tool), .added(let tool): tool
            case .removed: nil
            }
        }
        #expect(news == new)
    }
}
