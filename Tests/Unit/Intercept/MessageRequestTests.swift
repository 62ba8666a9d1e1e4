/// Requests: what is refused, and that a change leaves all other bytes alone.
import Testing

@testable import Intercept

struct MessageRequestTests {
    @Test("a request that is let through keeps its bytes")
    func untouched() throws {
        let body = " " + Core.body(#""stream":true,"tools":[ ]"#) + "\n"
        let request = try Core.request(body)
        #expect(Core.text(request.body.document.bytes) == body)
        #expect(request.model == "claude-opus-5-5" && request.requestedModel == "claude-opus-5-5")
        #expect(request.stream && !request.isChanged)
        #expect(request.maxTokens == 10)
        #expect(request.messages.map { $0["role"]?.string } == ["user"])
    }

    @Test("a new model replaces only the name")
    func model() throws {
        var request = try Core.request(#"{ "max_tokens":1.0e1, "model" : "a\u0062" ,"messages":[ ]}"#)
        request.model = #"b"c"#
        #expect(Core.text(request.body.document.bytes) == #"{ "max_tokens":1.0e1, "model" : "b\"c" ,"messages":[ ]}"#)
        #expect(request.model == #"b"c"# && request.requestedModel == "ab" && request.isChanged)
    }

    @Test("a member is replaced in place, or added at the end")
    func set() throws {
        var request = try Core.request(#"{"model":"m","max_tokens":1,"messages":[], "x" : {"b":1.50} }"#)
        request.set("max_tokens", Array(" 20 ".utf8))
        request.set("tools", Array("[1]".utf8))
        #expect(
            Core.text(request.body.document.bytes)
                == #"{"model":"m","max_tokens":20,"messages":[], "x" : {"b":1.50} ,"tools":[1]}"#)
        #expect(request.tools?.map(\.int) == [1])
    }

    @Test("a member is removed, the values of the others stay as they were written")
    func remove() throws {
        var request = try Core.request(
            #"{"model":"m","x":1,"max_tokens":1e0,"messages":[ ],"\u0078":2,"y":{ "z" : 0.10}}"#)
        request.remove("nothing")
        #expect(!request.isChanged)
        request.remove("x")
        #expect(
            Core.text(request.body.document.bytes)
                == #"{"model":"m","max_tokens":1e0,"messages":[ ],"y":{ "z" : 0.10}}"#)
        #expect(request.isChanged)
    }

    @Test("a new body is checked like the first")
    func replaceBody() throws {
        var request = try Core.request(Core.body())
        #expect(throws: MessageError.self) { try request.replaceBody(Core.json("{}")) }
        #expect(!request.isChanged)
        try request.replaceBody(Core.json(Core.body(#""x":1"#)))
        #expect(request.body["x"]?.int == 1 && request.isChanged)
    }

    @Test("a body taken out of another text stands alone")
    func replaceWithPart() throws {
        var request = try Core.request(Core.body())
        let outer = try Core.json(#"{"model":"outer","inner":\#(Core.body(#""x":1"#))}"#)
        try request.replaceBody(#require(outer["inner"]))
        request.set("y", Array("2".utf8))
        #expect(Core.text(request.body.document.bytes) == Core.body(#""x":1,"y":2"#))
    }

    static let refused: [(String, [String])] = [
        ("[]", ["request body", "array"]), ("1", ["request body", "number"]),
        ("{}", ["model", "Field required"]),
        (#"{"model":7,"messages":[],"max_tokens":1}"#, ["model", "7"]),
        (#"{"model":"","messages":[],"max_tokens":1}"#, ["model", #""""#]),
        (#"{"model":"m","max_tokens":1}"#, ["messages", "Field required"]),
        (#"{"model":"m","max_tokens":1,"messages":{}}"#, ["messages", "{}"]),
        (#"{"model":"m","max_tokens":1,"messages":["hi"]}"#, ["messages.0", "string"]),
        (#"{"model":"m","max_tokens":1,"messages":[{"content":"x"}]}"#, ["messages.0.role", "Field required"]),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":5,"content":"x"}]}"#, ["messages.0.role", "5"]),
        (#"{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}"#, ["messages.0.content", "Field required"]),
        (
            #"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"user","content":null}]}"#,
            ["messages.1.content", "null"]
        ),
        (#"{"model":"m","messages":[]}"#, ["max_tokens", "Field required"]),
        (#"{"model":"m","messages":[],"max_tokens":"10"}"#, ["max_tokens", #""10""#]),
        (#"{"model":"m","messages":[],"max_tokens":-1}"#, ["max_tokens", "-1"]),
        (#"{"model":"m","messages":[],"max_tokens":1.5}"#, ["max_tokens", "1.5"]),
        (#"{"model":"m","messages":[],"max_tokens":1,"stream":"yes"}"#, ["stream", "string"]),
        (#"{"model":"m","messages":[],"max_tokens":1,"tools":{}}"#, ["tools", "object"]),
    ]

    @Test("a refusal names the field and what was seen", arguments: refused)
    func refusal(body: String, words: [String]) {
        let error = #expect(throws: MessageError.self) { try Core.request(body) }
        #expect(error?.status == 400 && error?.type == "invalid_request_error")
        for word in words { #expect(error?.message.contains(word) ?? false, "\(error?.message ?? "") lacks \(word)") }
    }

    @Test("counting tokens needs no max_tokens, and nobody needs a null")
    func lenient() throws {
        #expect(throws: Never.self) { try Core.request(#"{"model":"m","messages":[]}"#, endpoint: .countTokens) }
        let request = try Core.request(#"{"model":"m","messages":[],"max_tokens":0,"stream":null,"tools":null}"#)
        #expect(!request.stream && request.maxTokens == 0)
    }

    @Test("a value of any length is quoted shortly")
    func longValue() {
        let long = String(repeating: "é", count: 500)
        let error = #expect(throws: MessageError.self) {
            try Core.request(#"{"model":"m","messages":"\#(long)","max_tokens":1}"#)
        }
        #expect((error?.message.utf8.count ?? .max) < 200)
    }
}
