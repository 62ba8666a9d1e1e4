import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatMediaTests: ChatConversation {
    private let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

    private var image: String {
        #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"\#(png)"}}"#
    }
    private let pdf =
        #"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjQK"}}"#

    @Test("P30: an image in a result stands in the user message behind, with the tool's name")
    func imageInResult() throws {
        let body = try sent(assistant(use("t1")), user(result("t1", "[\(text("one")),\(image)]"), text("note")))
        let part = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,\#(png)"}}"#
        #expect(
            body
                == all(
                    call("t1"), told("t1", #"one\n\n[image: see the user message behind the results]"#),
                    #"{"role":"user","content":[{"type":"text","text":"[image from tool Read, call t1]"},\#(part),\#(text("note"))]}"#
                ))
        #expect(try losses(assistant(use("t1")), user(result("t1", "[\(image)]"))).map(\.operation) == [.move])
    }

    @Test("P31: a PDF in a result becomes a file in the user message behind")
    func pdfInResult() throws {
        let body = try sent(assistant(use("t1")), user(result("t1", "[\(text("read")),\(pdf)]")))
        let part =
            #"{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQK"}}"#
        #expect(
            body.hasSuffix(
                #"{"role":"user","content":[{"type":"text","text":"[document from tool Read, call t1]"},\#(part)]}"#))
    }

    @Test("P113: an image's type is what its bytes say")
    func imageType() throws {
        let mislabelled = image.split(separator: "image/png").joined(separator: "image/jpg")
        #expect(try sent(user(text("a"), mislabelled)).contains("data:image/png;base64,"))
    }

    @Test("P33: an image by address is passed on, a file id is refused while it is asked about and noted later")
    func imageSources() throws {
        #expect(
            try sent(user(#"{"type":"image","source":{"type":"url","url":"https://e.org/a.png"}}"#))
                == #"{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://e.org/a.png"}}]}"#)
        let stored = user(#"{"type":"image","source":{"type":"file","file_id":"f1"}}"#)
        let error = Chat.error { _ = try sent(stored) }
        #expect(error?.status == 400)
        #expect(error?.message.contains("messages[0].content[0].source") ?? false)
        #expect(try sent(stored, assistant(text("a")), said("b")).hasPrefix(said("[image omitted]")))
    }

    @Test("documents of text and search results are said in words")
    func textDocuments() throws {
        let document =
            #"{"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"body"}}"#
        #expect(try sent(user(document)) == said(#"<document title=\"T\">\nbody\n</document>"#))
        let found = #"{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}]}"#
        #expect(try sent(user(found)) == said(#"<search_result source=\"s\" title=\"t\">\nx\n</search_result>"#))
    }
}
