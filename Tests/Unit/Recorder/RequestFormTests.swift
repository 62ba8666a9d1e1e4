import Testing

@testable import Intercept
@testable import Recorder

struct RequestFormTests {
    private func form(_ body: String) throws -> RequestForm {
        var forms = RequestForms()
        return forms.form(try JSON.parse(Array(body.utf8)))
    }

    private static let plain = #"""
        {"model":"m","system":[{"type":"text","text":"Be. Primary working directory: /tmp/one\nToday's date is 2026-11-29."}],
        "tools":[{"name":"Bash","input_schema":{}}],"metadata":{"user_id":"a"},"messages":[{"role":"user","content":"go"},
        {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls /tmp/one"}},
        {"type":"tool_use","id":"toolu_2","name":"Bash","input":{"command":"pwd"}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"a 14:22"},
        {"type":"tool_result","tool_use_id":"toolu_2","content":[{"type":"text","text":"/tmp/one"}]}]}]}
        """#

    @Test(
        "what a client varies by itself does not matter",
        arguments: [
            ("toolu_", "call_x"), ("14:22", "09:01"), ("2026-11-29", "2027-01-02"), ("/tmp/one", "/home/other"),
            (#""user_id":"a""#, #""user_id":"b""#),
            (#""text":"Be."#, #""cache_control":{"type":"ephemeral"},"text":"Be."#),
            (#""content":"go""#, #""content":[{"type":"text","text":"go"}]"#),
            (#""system":["#, #""system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2; cch=9"},"#),
            (#"[{"type":"text","text":"/tmp/one"}]"#, #""/tmp/one""#),
        ])
    func varied(_ old: String, _ new: String) throws {
        let other = Self.plain.pieces(around: old).joined(separator: new)
        #expect(other != Self.plain)
        #expect(try form(other).whole == form(Self.plain).whole)
        #expect(try form(other).prefixes == form(Self.plain).prefixes)
    }

    @Test(
        "everything else does",
        arguments: [
            (#""model":"m""#, #""model":"n""#), ("pwd", "date"), (#""content":"go""#, #""content":"stop""#),
            ("Be.", "Do."),
            (#""name":"Bash","input_schema""#, #""name":"Shell","input_schema""#),
            (#""tool_use_id":"toolu_2""#, #""tool_use_id":"toolu_1""#),
            (#"{"model""#, #"{"temperature":1,"model""#),
        ])
    func different(_ old: String, _ new: String) throws {
        let other = Self.plain.pieces(around: old).joined(separator: new)
        #expect(try form(other).whole != form(Self.plain).whole)
    }

    @Test("the last turn is the user's own: ids and the client's reminders apart")
    func lastTurn() throws {
        func turn(_ before: String, _ content: String) throws -> UInt64 {
            try form(#"{"messages":[\#(before){"role":"user","content":\#(content)}]}"#).lastTurn
        }
        let reminder = #"{"type":"text","text":"<system-reminder>x</system-reminder>"}"#
        let plain = try turn("", #""go on""#)
        #expect(
            try turn(#"{"role":"user","content":"before"},{"role":"assistant","content":"yes"},"#, #""go on""#) == plain
        )
        #expect(try turn("", #"[\#(reminder),{"type":"text","text":"go on"}]"#) == plain)
        #expect(try turn("", #""go off""#) != plain)
        #expect(try form(Self.plain).turns == 1)
    }

    @Test("what is remembered of earlier requests does not change the form")
    func memory() throws {
        var forms = RequestForms()
        let body = try JSON.parse(Array(Self.plain.utf8))
        let first = forms.form(body)
        #expect(forms.form(body) == first)
        let elsewhere = Self.plain.pieces(around: "/tmp/one").joined(separator: "/tmp/two")
        #expect(forms.form(try JSON.parse(Array(elsewhere.utf8))) == first)
    }

    @Test("a client's directory and home are read from what it says")
    func surroundings() {
        let text = Array(
            #"…\n - Primary working directory: /tmp/a b\n see `/root/x/.claude/projects/-tmp/memory`"#.utf8)[...]
        let found = Surroundings([text])
        #expect(String(decoding: found.directory, as: UTF8.self) == "/tmp/a")
        #expect(String(decoding: found.home, as: UTF8.self) == "/root/x")
        #expect(Surroundings([Array("nothing".utf8)[...]]) == Surroundings([]))
    }

    @Test("the first difference is the first that counts, with its path and both values")
    func difference() throws {
        let plain = try JSON.parse(Array(Self.plain.utf8))
        let mask = TextMask(directory: Array("/tmp/one".utf8), home: [])
        func first(_ old: String, _ new: String) throws -> RequestDifference? {
            let other = try JSON.parse(Array(Self.plain.pieces(around: old).joined(separator: new).utf8))
            return RequestDifference.first(plain, mask, other, mask)
        }
        #expect(try first("2026-11-29", "2027-01-02") == nil)
        #expect(try first("toolu_", "call_") == nil)
        let found = try #require(try first("pwd", "date"))
        #expect(found.path == "messages[1].content[1].input.command")
        #expect(found.sentence.hasSuffix(#"recorded "pwd", asked "date""#))
        let model = try #require(try first(#""model":"m","#, ""))
        #expect(model == RequestDifference(path: "model", recorded: #""m""#, asked: nil))
    }
}
