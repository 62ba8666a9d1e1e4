/// What is remembered, and what is forgotten first.
import Testing

@testable import Intercept
@testable import Recorder

struct SessionMemoryTests {
    static func body(_ id: String, _ thread: String, _ text: String) throws -> RememberedBody {
        let outline = try #require(Outline(JSON.parse(Array(text.utf8))))
        let hashes = HashTrail(outline.bytes, edits: [], base: nil, common: 0)
        return RememberedBody(
            id: id, attempt: nil, thread: thread, outline: outline, edits: [], hashes: hashes, images: [])
    }

    @Test("four bodies are kept, and the last one of each further conversation")
    func eviction() throws {
        var memory = BodyMemory()
        for agent in 0..<3 { memory.remember(try Self.body("a\(agent)", "agent \(agent)", "{}")) }
        for turn in 0..<10 { memory.remember(try Self.body("m\(turn)", "main", "{}")) }
        #expect(memory.bodies.map(\.id) == ["a0", "a1", "a2", "m6", "m7", "m8", "m9"])
        for agent in 3..<20 { memory.remember(try Self.body("a\(agent)", "agent \(agent)", "{}")) }
        #expect(memory.bodies.count == BodyMemory.most)
        #expect(memory.newest("main")?.id == "m9" || memory.newest("main")?.id == "a19")
    }

    @Test("the sessions not used for longest are forgotten first")
    func sessions() {
        var memory = SessionMemory()
        for number in 0..<SessionMemory.mostSessions {
            memory.session("s\(number)")[call: "t"] = KnownCall(tool: "Bash")
        }
        _ = memory.session("s0")
        _ = memory.session("new")
        memory.trim()
        #expect(memory.session("s0")[call: "t"]?.tool == "Bash")
        #expect(memory.session("s2")[call: "t"]?.tool == "Bash")
        #expect(memory.session("s1")[call: "t"] == nil)
    }

    @Test("bodies beyond the limit go, the calls of their session stay")
    func bytes() throws {
        var memory = SessionMemory(mostBytes: 300)
        let text = #"{"a":"\#(String(repeating: "x", count: 100))"}"#
        for name in ["one", "two", "three"] {
            let session = memory.session(name)
            session[call: "t"] = KnownCall(tool: name)
            session.requests.remember(try Self.body(name, "main", text))
            memory.trim()
        }
        #expect(memory.session("one").requests.bodies.isEmpty)
        #expect(memory.session("one")[call: "t"]?.tool == "one")
        #expect(memory.session("two").requests.bodies.count == 1)
    }

    @Test("of the calls the oldest are forgotten")
    func calls() {
        let session = Session()
        for number in 0...Session.mostCalls { session[call: "t\(number)"] = KnownCall() }
        #expect(session[call: "t0"] == nil)
        #expect(session[call: "t\(Session.mostCalls)"] != nil)
    }
}
