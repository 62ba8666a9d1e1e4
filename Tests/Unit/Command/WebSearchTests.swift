/// Web searches without a socket: which requests are one, what a command is asked, what its output means.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct WebSearchRequestTests {
    private static let tool = #"{"type":"web_search_20250305","name":"web_search","max_uses":8}"#

    private func request(
        _ content: String, tools: String = tool, more: String = "", endpoint: MessageRequest.Endpoint = .messages
    ) throws -> MessageRequest {
        let body =
            #"{"model":"m","max_tokens":10,"messages":[{"role":"user","content":\#(content)}],"tools":[\#(tools)]\#(more)}"#
        return try MessageRequest(
            endpoint: endpoint, path: "/v1/messages", query: nil, headers: HTTPFields(),
            body: JSON.parse(Array(body.utf8)))
    }

    @Test(
        "the query is what stands behind the client's words, else all of the message",
        arguments: [
            (#""Perform a web search for the query: swift 6""#, "swift 6"),
            (#"[{"type":"text","text":"Perform a web search for the query: a: b"}]"#, "a: b"),
            (
                #"[{"type":"text","text":"<note>"},{"type":"text","text":"Perform a web search for the query:  x "}]"#,
                "x"
            ),
            (#""what is new?""#, "what is new?"), (#""""#, ""),
        ])
    func query(content: String, query: String) throws {
        #expect(try WebSearchRequest(request(content))?.query == query)
    }

    @Test("every version of the tool is known")
    func versions() throws {
        for version in ["20250305", "20260209", "20260318", "20991231"] {
            let tool = #"{"type":"web_search_\#(version)","name":"web_search"}"#
            #expect(try WebSearchRequest(request(#""x""#, tools: tool)) != nil)
        }
    }

    @Test("a request with tools of the client's own, with a conversation, or without a choice is no side request")
    func others() throws {
        let own = #"{"name":"Bash","input_schema":{"type":"object"}}"#
        #expect(try WebSearchRequest(request(#""x""#, tools: own)) == nil)
        #expect(try WebSearchRequest(request(#""x""#, tools: Self.tool + "," + own)) == nil)
        #expect(try WebSearchRequest(request(#""x""#, tools: "")) == nil)
        #expect(try WebSearchRequest(request(#""x""#, more: #","tool_choice":{"type":"none"}"#)) == nil)
        #expect(try WebSearchRequest(request(#""x""#, endpoint: .countTokens)) == nil)
        let talk = #"""x"},{"role":"assistant","content":"y"},{"role":"user","content":"z""#
        #expect(try WebSearchRequest(request(String(talk.dropFirst()))) == nil)
        let system = #""x"},{"role":"system","content":"y""#
        #expect(try WebSearchRequest(request(system))?.query == "x")
    }

    @Test(
        "domains stand for what is below them, a path for what begins with it",
        arguments: [
            (["a.com"], [], "https://a.com/x", true), (["a.com"], [], "http://B.A.com:8/x", true),
            (["a.com"], [], "https://aa.com/", false), (["a.com"], [], "https://a.com.evil/", false),
            (["a.com/docs"], [], "https://a.com/docs/1", true), (["a.com/docs"], [], "https://a.com/docs", true),
            (["a.com/docs"], [], "https://a.com/docsx", false), (["a.com/docs/*"], [], "https://a.com/docs/1?q", true),
            (["https://a.com/"], [], "https://a.com/1", true), ([], ["a.com"], "https://x.a.com/", false),
            ([], ["a.com"], "https://b.com/a.com", true), (["a.com"], ["b.a.com"], "https://b.a.com/", false),
            (["a.com"], [], "https://a.com@evil.com/", false), ([], [], "https://any.where/", true),
        ] as [([String], [String], String, Bool)])
    func domains(allowed: [String], blocked: [String], url: String, isIn: Bool) throws {
        func list(_ all: [String]) -> String { "[" + all.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
        let tool =
            #"{"type":"web_search_20250305","name":"web_search","allowed_domains":\#(list(allowed)),"blocked_domains":\#(list(blocked))}"#
        #expect(try WebSearchRequest(request(#""x""#, tools: tool))?.admits(url) == isIn)
    }

    @Test("a search that cannot be made is refused with its code")
    func refusal() throws {
        func code(_ query: String, uses: String = "") throws -> WebSearchAnswer.Code? {
            let tool = #"{"type":"web_search_20250305","name":"web_search"\#(uses)}"#
            let search = try #require(try WebSearchRequest(request("\"\(query)\"", tools: tool)))
            return WebSearch.refusal(search)?.code
        }
        #expect(try code("x") == nil)
        #expect(try code("x", uses: #","max_uses":1"#) == nil)
        #expect(try code("x", uses: #","max_uses":0"#) == .maxUses)
        #expect(try code(" ") == .invalidInput)
        #expect(try code(String(repeating: "x", count: 2000)) == nil)
        #expect(try code(String(repeating: "x", count: 2001)) == .queryTooLong)
    }

    @Test("what a command is asked is one line of JSON")
    func question() throws {
        let tool =
            #"{"type":"web_search_20250305","name":"web_search","user_location":{"type":"approximate","city":"Lund"}}"#
        let search = try #require(try WebSearchRequest(request(#""a \"b\"""#, tools: tool)))
        #expect(
            String(decoding: WebSearchCommand.question(search), as: UTF8.self)
                == #"{"query":"a \"b\"","allowed_domains":[],"blocked_domains":[],"max_results":20,"user_location":{"type":"approximate","city":"Lund"}}"#
                + "\n")
    }
}

@Suite struct WebSearchResultTests {
    private func urls(_ output: String) -> [String]? { WebSearchResult.read(Array(output.utf8))?.map(\.url) }

    @Test(
        "JSON and lines with tabs are read, what has no web address is left out",
        arguments: [
            (#"[{"title":"t","url":"https://a/"}]"#, ["https://a/"]),
            (#" {"results":[{"url":"http://a/"},{"title":"no url"},{"url":"file:///x"},{"url":5},7]}"#, ["http://a/"]),
            ("t\thttps://a/\ts\nt\tHTTPS://b/\n", ["https://a/", "HTTPS://b/"]), ("t\tjavascript:x", []),
            ("", []), ("\n \n", []), ("[]", []), ("a\thttps://a/\r\n", ["https://a/"]),
        ] as [(String, [String])])
    func read(output: String, expected: [String]) { #expect(urls(output) == expected) }

    @Test(
        "anything else is no answer",
        arguments: ["words", "[1", "{\"x\":1}", "{\"results\":5}", "a\thttps://a/\nwords"])
    func unreadable(output: String) { #expect(urls(output) == nil) }

    @Test("title, snippet and age, under the names that search services use")
    func members() {
        let read = WebSearchResult.read(
            Array(
                #"[{"title":" t ","url":"https://a/","description":"d","page_age":"2 days"},{"url":"https://b/"}]"#.utf8
            ))
        #expect(
            read == [
                WebSearchResult(title: "t", url: "https://a/", snippet: "d", age: "2 days"),
                WebSearchResult(title: "https://b/", url: "https://b/", snippet: ""),
            ])
    }

    @Test("a long snippet is cut")
    func longSnippet() {
        let read = WebSearchResult.read(Array("t\thttps://a/\t\(String(repeating: "x", count: 9000))".utf8))
        #expect(read?.first?.snippet.count == 4001)
    }
}

@Suite struct CommandWordsTests {
    @Test(
        "blanks separate, quotes keep together",
        arguments: [
            ("search", ["search"]), (" a  b\tc ", ["a", "b", "c"]), ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
            (#"a\ b 'c\d' "e\"f""#, ["a b", #"c\d"#, "e\"f"]), ("a '' b", ["a", "", "b"]), ("a'b'\"c\"", ["abc"]),
            ("sh -c 'x | y; $Z'", ["sh", "-c", "x | y; $Z"]), ("a $HOME * > b", ["a", "$HOME", "*", ">", "b"]),
            ("ü 'ö'", ["ü", "ö"]),
        ])
    func words(text: String, expected: [String]) throws { #expect(try CommandWords.split(text).get() == expected) }

    @Test(
        "what is no command says why",
        arguments: [
            ("", "expected a command"), ("  ", "expected a command"), ("''", "expected a command"),
            ("a 'b", "a quote is not closed"), ("a \"b", "a quote is not closed"),
            ("a \\", "nothing behind the backslash"),
        ])
    func problems(text: String, problem: String) {
        guard case .failure(let found) = CommandWords.split(text) else {
            Issue.record("\(text) was taken")
            return
        }
        #expect(found.text == problem)
    }
}
