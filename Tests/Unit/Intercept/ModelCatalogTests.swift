/// The model list, page by page.
import Testing

@testable import Intercept

struct ModelCatalogTests {
    private let catalog = ModelCatalog(extra: ["gpt-5", "claude-opus-5-5", "qwen \"3\""])

    private func page(_ query: String?) throws -> JSON { try JSON.parse(catalog.page(query: query)) }

    private func ids(_ page: JSON) -> [String] { page["data"]?.elements.compactMap { $0["id"]?.string } ?? [] }

    @Test("P119: all models, each once, the extra ones behind")
    func all() throws {
        let page = try page(nil)
        let ids = ids(page)
        #expect(ids.first == "claude-opus-5-5" && Array(ids.suffix(2)) == ["gpt-5", "qwen \"3\""])
        #expect(Set(ids).count == ids.count)
        #expect(page["has_more"]?.bool == false)
        #expect(page["first_id"]?.string == ids.first && page["last_id"]?.string == ids.last)
        let first = page["data"]?.elements.first { _ in true }
        #expect(first?["type"]?.string == "model" && first?["display_name"]?.string == "Claude Opus 5.5")
        #expect(first?["created_at"]?.string?.hasSuffix("Z") ?? false)
    }

    @Test("pages from the front, of any size, join to the whole", arguments: 1...9)
    func forward(limit: Int) throws {
        var seen: [String] = []
        var after = ""
        while true {
            let page = try page("limit=\(limit)" + (after.isEmpty ? "" : "&after_id=\(after)"))
            seen += ids(page)
            guard page["has_more"]?.bool == true else { break }
            #expect(ids(page).count == limit)
            after = try #require(page["last_id"]?.string)
        }
        #expect(seen == ids(try page(nil)))
    }

    @Test("pages from the back are the ones just before")
    func backward() throws {
        let all = ids(try page(nil))
        let page = try page("before_id=\(all[4])&limit=2")
        #expect(ids(page) == [all[2], all[3]])
        #expect(page["has_more"]?.bool == true)
        #expect(try self.page("before_id=\(all[2])&limit=2")["has_more"]?.bool == false)
    }

    @Test("behind the last there is an empty page")
    func empty() throws {
        let last = ModelCatalog(extra: ["z"])
        let page = try JSON.parse(last.page(query: "after_id=z"))
        #expect(page["data"]?.isEmpty == true && page["first_id"]?.isNull == true && page["last_id"]?.isNull == true)
        #expect(page["has_more"]?.bool == false)
    }

    @Test(
        "a wrong option is named",
        arguments: ["limit=0", "limit=1001", "limit=x", "limit=-1", "after_id=nobody", "before_id=nobody"])
    func wrong(query: String) {
        let error = #expect(throws: MessageError.self) { try page(query) }
        let parts = query.split(separator: "=")
        #expect(error?.status == 400)
        #expect(error?.message.contains(parts[0]) ?? false)
        #expect(error?.message.contains(parts[1]) ?? false)
    }

    @Test("unknown and malformed options are ignored", arguments: ["", "beta=true", "&&", "limit", "=", "limit="])
    func ignored(query: String) throws {
        #expect(ids(try page(query)) == ids(try page(nil)))
    }

    @Test("one model by its name")
    func one() throws {
        let model = try JSON.parse(#require(catalog.model("qwen \"3\"")))
        #expect(model["id"]?.string == "qwen \"3\"" && model["type"]?.string == "model")
        #expect(catalog.model("nobody") == nil)
    }
}
