import Testing

@testable import Backends
@testable import Intercept

/// How each service is told the conversation and its tools where it differs from the others.
@Suite struct OpenAIChatProviderMessagesTests: ChatConversation {
    private func translate(_ members: String, _ provider: String, model: String = "m", messages: String? = nil) throws
        -> (
            body: JSON, losses: [String]
        )
    {
        let request = try Chat.request(messages: messages ?? "[\(said("hi"))]", members)
        let variables = [
            "OPENAI_PROVIDER": provider, "OPENAI_MODEL": model, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        ]
        let (body, losses) = try Chat.translate(request, variables)
        return (body, losses.map { "\($0.operation.rawValue) \($0.path)" })
    }

    private func text(_ json: JSON?) -> String { String(decoding: json?.raw ?? [], as: UTF8.self) }

    // MARK: Messages

    private func messages(_ provider: String, _ messages: String...) throws -> String {
        let all = "[" + messages.joined(separator: ",") + "]"
        return String(text(try translate("", provider, messages: all).body["messages"]).dropFirst().dropLast())
    }

    @Test(
        "P55: developer only where reasoning models are told so",
        arguments: [("openai", "developer"), ("gemini", "system")])
    func developer(provider: String, role: String) throws {
        let body = try translate(#""system":"s""#, provider, model: "o3").body
        #expect(body["messages"]?.firstElement?["role"]?.string == role)
    }

    @Test("P22, P24: Mistral hears late instructions in the user's message, and neighbours are one message")
    func alternation() throws {
        let late = #"{"role":"system","content":"rule"}"#
        #expect(
            try messages("mistral", said("a"), said("b"), late)
                == #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"text","text":"<system-reminder>\nrule\n</system-reminder>"}]}"#
        )
        #expect(try messages("openai", said("a"), said("b")) == all(said("a"), said("b")))
        #expect(try messages("llama.cpp", said("a"), late) == all(said("a"), late))
    }

    @Test("Mistral gets an assistant's word between results and what the user adds; nothing where nothing is added")
    func bridge() throws {
        let before = [said("q"), assistant(use("abcdefgh1"))]
        let answered = user(result("abcdefgh1", "\"ok\""), text("go on"))
        #expect(
            try messages("mistral", before[0], before[1], answered)
                == all(
                    said("q"), call("abcdefgh1"), told("abcdefgh1", "ok"),
                    #"{"role":"assistant","content":"(results received)"}"#, said("go on")))
        #expect(
            try messages("mistral", before[0], before[1], user(result("abcdefgh1", "\"ok\"")))
                == all(said("q"), call("abcdefgh1"), told("abcdefgh1", "ok")))
    }

    @Test("DeepSeek's texts are strings, several are one")
    func plainText() throws {
        #expect(try messages("deepseek", user(text("a"), text("b"))) == said(#"a\n\nb"#))
    }

    @Test("an image by its address is refused while it is asked about, where the service loads none")
    func imageAddresses() throws {
        let image = #"{"type":"image","source":{"type":"url","url":"https://x/y.png"}}"#
        #expect(try messages("openai", user(image)).contains("https://x/y.png"))
        #expect(Chat.error { _ = try messages("ollama", user(image)) }?.message.contains("send base64") ?? false)
        #expect(!(try messages("moonshot", user(image), assistant(text("a")), said("b"))).contains("https://x/y.png"))
    }

    @Test("P31: a document is a file where there are files, else a note and a loss")
    func documents() throws {
        let document =
            #"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}"#
        for provider in ["openai", "azure", "openrouter", "unknown"] {
            #expect(try messages(provider, user(document)).contains("file_data"), "\(provider)")
        }
        let (body, losses) = try translate("", "mistral", messages: "[\(user(document, text("read")))]")
        #expect(text(body["messages"]).contains("document omitted"))
        #expect(losses == ["drop messages[0].content[0]"])
    }

    @Test("a profile's limit on tools holds", arguments: [("openai", 128), ("azure", 128), ("groq", 130)])
    func mostTools(provider: String, count: Int) throws {
        let tools = (0..<130).map { #"{"name":"t\#($0)","input_schema":{"type":"object","properties":{}}}"# }
        let body = try translate(#""tools":[\#(tools.joined(separator: ","))]"#, provider).body
        #expect(body["tools"]?.count == count)
    }

    @Test("when there are too many tools, those that were called or are forced stay, and the order")
    func neededTools() throws {
        let tools = (0..<130).map { #"{"name":"t\#($0)","input_schema":{"type":"object","properties":{}}}"# }
        let members = #""tools":[\#(tools.joined(separator: ","))],"tool_choice":{"type":"tool","name":"t129"}"#
        let history = "[\(said("q")),\(assistant(use("c1", "t128"))),\(user(result("c1", "\"a\"")))]"
        for _ in 0..<2 {
            let (body, losses) = try translate(members, "openai", messages: history)
            let names = body["tools"]?.elements.compactMap { $0["function"]?["name"]?.string } ?? []
            #expect(names == (0..<126).map { "t\($0)" } + ["t128", "t129"])
            #expect(losses == ["drop tools[126]", "drop tools[127]"])
        }
        #expect(
            try translate(members, "openai").body["tools"]?.elements.contains { text($0).contains("t128") } == false)
    }

    @Test("P12: OpenAI is told what arrays hold; a schema that says so is copied byte for byte")
    func items() throws {
        let lacking = #"{"type":"object","properties":{"a":{"type":"array"}}}"#
        let whole = #"{ "type":"object","properties":{"a":{ "type":"array","items":{}}} }"#
        for provider in ["openai", "azure"] {
            let tools = #""tools":[{"name":"a","input_schema":\#(lacking)},{"name":"b","input_schema":\#(whole)}]"#
            let body = text(try translate(tools, provider).body)
            #expect(body.contains(#""parameters":{"type":"object","properties":{"a":{"type":"array","items":{}}}}"#))
            #expect(body.contains(#""parameters":\#(whole)"#))
        }
    }

    @Test("P11: one loss for a keyword, however many tools have it")
    func schemaLosses() throws {
        let tools = (0..<3).map {
            #"{"name":"t\#($0)","input_schema":{"$schema":"s","type":"object","properties":{},"additionalProperties":false}}"#
        }
        let (body, losses) = try translate(#""tools":[\#(tools.joined(separator: ","))]"#, "gemini")
        #expect(!text(body).contains("$schema"))
        #expect(losses == ["drop tools[*].input_schema.$schema", "drop tools[*].input_schema.additionalProperties"])
    }
}
