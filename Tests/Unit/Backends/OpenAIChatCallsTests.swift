import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatCallsTests {
    /// A chunk with these fragments of calls, each the members of one.
    private func calls(_ fragments: String...) -> String {
        Chat.chunk(#"{"tool_calls":[\#(fragments.map { "{\($0)}" }.joined(separator: ","))]}"#)
    }

    private func head(_ index: Int?, _ id: String?, _ name: String, _ arguments: String = "") -> String {
        let key = index.map { #""index":\#($0),"# } ?? ""
        return key + (id.map { #""id":"\#($0)","# } ?? "")
            + #""type":"function","function":{"name":"\#(name)","arguments":"\#(arguments)"}"#
    }

    private func more(_ index: Int, _ arguments: String) -> String {
        #""index":\#(index),"function":{"arguments":"\#(arguments)"}"#
    }

    private func blocks(_ chunks: String...) throws -> [String] {
        let (events, _) = try Chat.stream(chunks + [Chat.chunk("{}", finish: "tool_calls")])
        #expect(Chat.fault(events) == nil)
        return Chat.blocks(events)
    }

    @Test("P66: parallel calls interleaved by index come out one after the other")
    func interleaved() throws {
        #expect(
            try blocks(
                calls(head(0, "c0", "a"), head(1, "c1", "b")), calls(more(0, #"{\"x\""#)), calls(more(1, #"{\"y\""#)),
                calls(more(1, #":\"}\""#)), calls(more(0, ":1}"), more(1, "}")))
                == [#"tool a c0:{"x":1}"#, #"tool b c1:{"y":"}"}"#])
    }

    @Test("P73: arguments of the first call go on at once, those of the second as soon as the first is complete")
    func atOnce() throws {
        var reply = try Chat.backend().reply(to: Chat.request(#""stream":true"#))
        func feed(_ chunk: String) throws -> [String] {
            var pieces: [String] = []
            let bytes = Array("data: \(chunk)\n\n".utf8)
            let slice = bytes[...]
            try reply.feed(slice.span) { event in
                if case .blockDelta(_, .inputJSON(let text)) = event { pieces.append(text.string) }
            }
            return pieces
        }
        #expect(try feed(calls(head(0, "c0", "a"))) == [])
        #expect(try feed(calls(more(0, #"{\"x\":"#))) == [#"{"x":"#])
        #expect(try feed(calls(head(1, "c1", "b"), more(1, #"{\"y\":"#))) == [])
        #expect(try feed(calls(more(0, "1}"))) == ["1}", #"{"y":"#])
        #expect(try feed(calls(more(1, "2}"))) == ["2}"])
    }

    @Test("P67: without an index, or with index 0 for all, a new id is a new call")
    func noIndex() throws {
        let expected = ["tool a c0:{}", #"tool b c1:{"x":1}"#]
        #expect(try blocks(calls(head(nil, "c0", "a", "{}")), calls(head(nil, "c1", "b", #"{\"x\":1}"#))) == expected)
        #expect(try blocks(calls(head(0, "c0", "a", "{}")), calls(head(0, "c1", "b", #"{\"x\":1}"#))) == expected)
        #expect(try blocks(calls(head(nil, "c0", "a", "{}"), head(nil, "c1", "b", #"{\"x\":1}"#))) == expected)
    }

    @Test("ids that are missing are made, ids used twice are told apart")
    func madeIDs() throws {
        let blocks = try blocks(
            calls(head(0, nil, "a", "{}")), calls(head(1, "c1", "b", "{}")), calls(head(2, "c1", "d", "{}")))
        #expect(blocks[0].hasPrefix("tool a toolu_"))
        #expect(blocks[1] == "tool b c1:{}")
        #expect(blocks[2].hasPrefix("tool d toolu_"))
    }

    @Test("P4: an id that an earlier turn has used is replaced")
    func usedID() throws {
        let request = try Chat.request(
            messages: #"""
                [{"role":"assistant","content":[{"type":"tool_use","id":"call_0","name":"a","input":{}}]},
                 {"role":"user","content":[{"type":"tool_result","tool_use_id":"call_0","content":"x"}]}]
                """#, #""stream":true"#)
        let (events, losses) = try Chat.stream(
            [calls(head(0, "call_0", "a", "{}")), Chat.chunk("{}", finish: "stop")], for: request)
        #expect(Chat.blocks(events)[0].hasPrefix("tool a toolu_"))
        #expect(losses.contains { $0.path == "content.tool_use.id" && $0.from == "call_0" })
    }

    @Test("P2: an odd id is shown in a form that can be turned back")
    func oddID() throws {
        let block = try blocks(calls(head(0, "functions.add:0", "add", "{}")))[0]
        let id = String(block.split(separator: " ")[2].dropLast(3))
        #expect(ToolCallID.sent(id) == "functions.add:0")
    }

    @Test("P68: a name may come late, in pieces, repeated or null")
    func names() throws {
        #expect(
            try blocks(
                calls(#""index":0,"id":"c0","function":{"name":null,"arguments":""}"#),
                calls(#""index":0,"function":{"name":"a"}"#), calls(more(0, "{}"))) == ["tool a c0:{}"])
        #expect(
            try blocks(
                calls(head(0, "c0", "get_")), calls(#""index":0,"function":{"name":"weather"}"#), calls(more(0, "{}")))
                == ["tool get_weather c0:{}"])
        #expect(
            try blocks(calls(head(0, "c0", "a", #"{\"x\""#)), calls(head(0, "c0", "a", ":1}"))) == [
                #"tool a c0:{"x":1}"#
            ])
        #expect(try blocks(calls(more(0, #"{\"x\""#)), calls(head(0, "c0", "a", ":1}"))) == [#"tool a c0:{"x":1}"#])
    }

    @Test("every fragment with an id of its own is still one call while the arguments are unfinished")
    func changingIDs() throws {
        #expect(
            try blocks(
                calls(head(0, "c0", "a", #"{\"x\""#)),
                calls(#""index":0,"id":"c9","function":{"name":"","arguments":":1}"}"#))
                == [#"tool a c0:{"x":1}"#])
    }

    @Test("P69: empty lists of calls do not end a text")
    func emptyList() throws {
        #expect(
            try blocks(Chat.chunk(#"{"content":"a"}"#), calls(), Chat.chunk(#"{"content":"b","tool_calls":null}"#)) == [
                "text:ab"
            ])
    }

    @Test(
        "P72, P74: arguments that are no object become one",
        arguments: [
            ("", "{}"), ("null", "{}"), (#"\"\""#, "{}"), ("[]", "{}"), (" ", "{}"),
            (#"```json\n{\"x\":1}\n```"#, #"{"x":1}"#),
            (#"\"{\\\"x\\\":1}\""#, #"{"x":1}"#), (" {} ", "{}"), (#"{ \"x\":1}"#, #"{ "x":1}"#),
        ])
    func odd(arguments: String, input: String) throws {
        #expect(try blocks(calls(head(0, "c0", "a", arguments))) == ["tool a c0:" + input])
        #expect(try blocks(calls(head(0, "c0", "a")), calls(more(0, arguments))) == ["tool a c0:" + input])
    }

    @Test("arguments may come as an object or as null")
    func objects() throws {
        #expect(
            try blocks(calls(#""index":0,"id":"c0","function":{"name":"a","arguments":{"x":"é\n"}}"#)) == [
                #"tool a c0:{"x":"é\n"}"#
            ])
        #expect(try blocks(calls(#""index":0,"id":"c0","function":{"name":"a","arguments":null}"#)) == ["tool a c0:{}"])
    }

    @Test(
        "P71: an empty object that comes first and an object that comes twice are told once",
        arguments: [
            ["{}", #"{\"x\":1}"#], ["{}{", #"\"x\":1}"#], [#"{\"x\":1}"#, #"{\"x\":1}"#], ["{", "}{", #"\"x\":1}"#],
            [#"{}{\"x\":1}"#],
        ])
    func twice(fragments: [String]) throws {
        let (events, _) = try Chat.stream(
            [calls(head(0, "c0", "a"))] + fragments.map { calls(more(0, $0)) } + [
                Chat.chunk("{}", finish: "tool_calls")
            ])
        #expect(Chat.blocks(events) == [#"tool a c0:{"x":1}"#])
    }

    @Test("what is no JSON at all goes on as it is, and is noted")
    func noJSON() throws {
        let (events, losses) = try Chat.stream([
            calls(head(0, "c0", "a", "x = 1")), Chat.chunk("{}", finish: "tool_calls"),
        ])
        #expect(Chat.blocks(events) == ["tool a c0:x = 1"])
        #expect(losses.contains { $0.path == "content.0.input" })
    }

    @Test("text that comes inside a call waits for its end")
    func textInside() throws {
        #expect(
            try blocks(calls(head(0, "c0", "a", #"{\"x\""#)), Chat.chunk(#"{"content":"say"}"#), calls(more(0, ":1}")))
                == [#"tool a c0:{"x":1}"#, "text:say"])
    }

    @Test("quotes, braces and escapes inside arguments do not end them, however they are divided", arguments: 1...6)
    func scanning(size: Int) throws {
        let input = #"{"a":"}\"{\\","b":[{"c":"\u007d"}],"d":"\\\\\""}"#
        let letters = Array(input)
        let pieces = stride(from: 0, to: letters.count, by: size).map {
            String(letters[$0..<min($0 + size, letters.count)])
        }
        let (events, _) = try Chat.stream(
            [calls(head(0, "c0", "a"), head(1, "c1", "b"))] + pieces.map { calls(more(0, JSONText($0).raw)) }
                + [calls(more(1, "{}")), Chat.chunk("{}", finish: "tool_calls")])
        #expect(Chat.blocks(events) == ["tool a c0:" + input, "tool b c1:{}"])
    }

    @Test("the older function_call is a call")
    func function() throws {
        let blocks = try blocks(
            Chat.chunk(#"{"function_call":{"name":"a","arguments":"{\"x\""}}"#),
            Chat.chunk(#"{"function_call":{"arguments":":1}"}}"#))
        #expect(blocks.count == 1 && blocks[0].hasPrefix("tool a toolu_") && blocks[0].hasSuffix(#":{"x":1}"#))
    }

    @Test("a call without a name is shown when it has arguments, and dropped when it has nothing")
    func nameless() throws {
        #expect(try blocks(calls(#""index":0,"id":"c0","function":{"arguments":"{}"}"#)) == ["tool  c0:{}"])
        #expect(try blocks(calls(#""index":0,"id":"c0","function":{}"#)) == [])
    }
}

extension JSONText {
    fileprivate var raw: String { String(decoding: escaped, as: UTF8.self) }
}
