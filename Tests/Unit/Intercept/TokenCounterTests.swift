import Testing

@testable import Intercept

@Suite struct TokenCounterTests {
    private let prose = """
        The quick brown fox jumps over the lazy dog. A proxy reads what one program says to another, writes it down, and \
        passes it on; it must be quick, and it must not change anything that it was not asked to change.
        """

    private func count(_ body: String, _ model: String = "claude-sonnet-4-5") throws -> Int {
        TokenCounter.count(try JSON.parse(Array(body.utf8)), model: model)
    }

    private func message(_ content: String) -> String { #"{"messages":[{"role":"user","content":\#(content)}]}"# }

    @Test("prose is counted at about four bytes a token, and 1.3 times as many for newer models")
    func proseAndModels() {
        let bytes = Array(prose.utf8)
        let older = TokenCounter.count(text: bytes, model: "claude-sonnet-4-5")
        let newer = TokenCounter.count(text: bytes, model: "claude-opus-5-5")
        #expect((bytes.count / 6...bytes.count / 3).contains(older))
        #expect((1.25...1.33).contains(Double(newer) / Double(older)))
    }

    @Test(
        "the tokenizer is known from the model's name",
        arguments: [
            ("claude-3-5-haiku-20241022", TokenCounter.Generation.older), ("claude-sonnet-4-20250514", .older),
            ("claude-opus-4-5-20251101", .older),
            ("us.anthropic.claude-opus-4-6-v1", .older), ("claude-opus-4-7", .newer), ("claude-opus-4-8", .newer),
            ("claude-opus-5-5", .newer),
            ("claude-fable-5", .newer), ("opus", .newer), ("some-model", .other), ("glm-4.7", .other), ("gpt-4o", .gpt),
            ("openai/o3-mini", .gpt), ("anthropic/claude-haiku-4.5", .older),
        ])
    func generations(model: String, generation: TokenCounter.Generation) {
        #expect(TokenCounter.Generation(model) == generation)
    }

    @Test("one letter costs the framing, each message more")
    func framing() throws {
        #expect(try (8...10).contains(count(message(#""a""#))))
        let two = #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"a"}]}"#
        #expect(try (16...20).contains(count(two)))
    }

    @Test("escaped text counts like the text it stands for")
    func escapes() throws {
        let plain = TokenCounter.count(text: Array("one\n\ntwo \"three\"".utf8), model: "claude-sonnet-4-5")
        let escaped = try count(message(#""one\n\ntwo \"three\"""#)) - count(message(#""""#))
        #expect(abs(escaped - plain) <= 1)
    }

    @Test(
        "every class of characters counts, none is free",
        arguments: ["word", "12345", "\n\n", "漢字", "{}", "é", "🌍", "\t"])
    func classes(text: String) {
        let one = TokenCounter.count(text: Array(String(repeating: text, count: 20).utf8), model: "claude-sonnet-4-5")
        #expect(one > 0)
        #expect(one <= 20 * text.utf8.count)
    }

    @Test("broken or cut UTF-8 never leads behind the end")
    func broken() {
        for byte in UInt8(0x5C)...0xFF {
            #expect(TokenCounter.count(text: [0x41, byte], model: "m") >= 1)
            #expect(TokenCounter.count(text: [byte], model: "m") >= 1)
        }
    }

    @Test(
        "images cost what their size says: PNG, GIF, WebP and JPEG headers are read inside the base64",
        arguments: [
            ("iVBORw0KGgoAAAANSUhEUgAAAMgAAADICAYAAACtWK6e", 64), ("R0lGODlhyADIAIAAAP8A", 64),
            ("UklGRh4AAABXRUJQVlA4WAoAAAAQAAAAxwAAxwAA", 64), ("/9j/4AAQSkZJRgABAQEASABIAAD/wAARCADIAMgDASIA", 64),
        ])
    func images(data: String, tokens: Int) throws {
        let image = #"[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"\#(data)"}}]"#
        #expect(try count(message(image)) - count(message("[]")) == tokens)
    }

    @Test(
        "large images are scaled to the limits of the model",
        arguments: [
            (1000, 1000, "claude-opus-5-5", 1296), (1920, 1080, "claude-opus-5-5", 2691),
            (1920, 1080, "claude-opus-4-5", 1560),
            (8000, 8000, "claude-opus-5-5", 4761), (1, 1, "claude-opus-5-5", 1), (8000, 1, "claude-opus-4-5", 56),
        ])
    func scaled(width: Int, height: Int, model: String, tokens: Int) throws {
        let header: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] + big(width) + big(height)
        let data = try JSON.parse(Array("\"\(base64(header))\"".utf8))
        #expect(ImageSize(base64: data)?.tokens(TokenCounter.Generation(model).imageLimits) == tokens)
    }

    private func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    private func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        return stride(from: 0, to: bytes.count - bytes.count % 3, by: 3).map { at in
            let bits = Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2])
            return String([18, 12, 6, 0].map { letters[bits >> $0 & 63] })
        }.joined()
    }

    @Test("the length of base64 is no text, and an unreadable image has a price")
    func base64IsNoText() throws {
        let junk = String(repeating: "QUJD", count: 100_000)
        let image = #"[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"\#(junk)"}}]"#
        #expect(try count(message(image)) < 2000)
        let pdf =
            #"[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjQK"}}]"#
        #expect((1500...3100).contains(try count(message(pdf))))
        let result = #"[{"type":"tool_result","tool_use_id":"t","content":\#(image)}]"#
        #expect(try count(message(result)) < 2100)
    }

    @Test("tools count with what their presence adds, the placeholder does not")
    func tools() throws {
        let tool = #"{"name":"Read","description":"Reads a file","input_schema":{"type":"object","properties":{}}}"#
        let none = try count(message(#""a""#))
        let one = try count(#"{"messages":[{"role":"user","content":"a"}],"tools":[\#(tool)]}"#)
        let forced = try count(
            #"{"messages":[{"role":"user","content":"a"}],"tools":[\#(tool)],"tool_choice":{"type":"any"}}"#)
        #expect((500...540).contains(one - none))
        #expect(forced - one == 92)
        let placeholder = #"{"name":"DeferredToolPlaceholder","input_schema":{}}"#
        #expect(
            try count(#"{"messages":[{"role":"user","content":"a"}],"tools":[\#(tool),\#(placeholder)]}"#) - one <= 4)
        #expect(try count(#"{"messages":[{"role":"user","content":"a"}],"tools":[]}"#) == none)
    }

    @Test("a deferred tool costs nothing until the conversation has loaded it; models of others see it at once")
    func deferred() throws {
        let tool = #"{"name":"Look","description":"Looks","input_schema":{"type":"object"},"defer_loading":true}"#
        let plain = #"{"name":"Read","input_schema":{}}"#
        func with(_ content: String, _ tools: String, _ model: String) throws -> Int {
            try count(#"{"messages":[{"role":"user","content":[\#(content)]}],"tools":[\#(tools)]}"#, model)
        }
        let loaded =
            #"{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"Look"}]}"#
        let claude = "claude-sonnet-4-5"
        #expect(try with("", "\(plain),\(tool)", claude) == with("", plain, claude))
        #expect(try with(loaded, "\(plain),\(tool)", claude) > with(loaded, plain, claude) + 10)
        #expect(try with("", "\(plain),\(tool)", "glm-4.7") > with("", plain, "glm-4.7") + 10)
    }

    @Test("compact JSON counts like the spaced JSON that a model is shown")
    func spacing() throws {
        func tool(_ schema: String) throws -> Int {
            try count(#"{"messages":[],"tools":[{"name":"T","input_schema":\#(schema)}]}"#)
        }
        let compact = try tool(#"{"type":"object","properties":{"a,b:c":{"type":"string"},"d":{"enum":["x","y"]}}}"#)
        let spaced = try tool(
            #"{"type": "object", "properties": {"a,b:c": {"type": "string"}, "d": {"enum": ["x", "y"]}}}"#)
        #expect(compact == spaced)
    }

    @Test("a tool is shown to OpenAI's models as names, descriptions and choices, at half the price")
    func declarations() throws {
        let schema =
            #"{"type":"object","additionalProperties":false,"required":["path"],"properties":{"path":{"type":"string","description":"A path"},"#
            + #""mode":{"enum":["r","w"]},"list":{"type":"array","items":{"anyOf":[{"type":"object","properties":{"deep":{"type":"string"}}}]}}}}"#
        let body = #"{"messages":[],"tools":[{"name":"T","input_schema":\#(schema)}]}"#
        let (gpt, other) = (try count(body, "gpt-4o"), try count(body, "glm-4.7"))
        #expect((30...50).contains(gpt) && other > gpt * 3 / 2)
    }

    @Test("thinking of earlier turns costs nothing, calls and results do")
    func blocks() throws {
        let thinking = #"[{"type":"thinking","thinking":"a long thought about nothing at all","signature":"AAAA"}]"#
        #expect(try count(message(thinking)) == count(message("[]")))
        let use = #"[{"type":"tool_use","id":"t","name":"Read","input":{"path":"/tmp/x"}}]"#
        #expect(try count(message(use)) > count(message("[]")) + 8)
    }

    @Test(
        "anything that is JSON can be counted",
        arguments: [
            "{}", "[]", "1", #"{"messages":1,"system":{},"tools":[1,{}]}"#,
            #"{"messages":[{"content":[{"type":"image"},{"type":"document"},{"type":"x","y":[1]},3]}]}"#,
        ])
    func anything(body: String) throws {
        #expect(try count(body) >= 0)
    }
}

@Suite struct CharacterClassesTests {
    @Test("a long text is estimated from samples within 3% of its exact count")
    func sampled() {
        var text = ""
        for line in 0..<2000 {
            text += "    let value\(line % 97) = compute(\"item \(line)\", [\(line % 7), 12]) // and so on, é\n"
        }
        let long = Array(text.utf8)
        let parts = stride(from: 0, to: long.count, by: 1024).map { Array(long[$0..<min($0 + 1024, long.count)]) }
        let exact = parts.reduce(0) { $0 + TokenCounter.count(text: $1, model: "claude-sonnet-4-5") }
        let estimate = TokenCounter.count(text: long, model: "claude-sonnet-4-5")
        #expect(abs(Double(estimate) / Double(exact) - 1) < 0.03)
    }
}
