/// The table of vendors: who is recognised by what, where requests go, which credentials go along.
import Foundation
import Testing

@testable import Backends
@testable import Intercept

struct VendorTests {
    static let places: [(String, String)] = [
        ("https://api.anthropic.com", "anthropic"), ("https://anthropic.com.evil.example", "other"),
        ("https://bedrock-mantle.eu-central-1.api.aws/anthropic", "anthropic"),
        ("https://api.deepseek.com/anthropic", "deepseek"), ("https://API.DeepSeek.com", "deepseek"),
        ("https://api.z.ai/api/anthropic", "zai"), ("https://open.bigmodel.cn/api/anthropic", "zai"),
        ("https://api.moonshot.ai/anthropic", "moonshot"), ("https://api.moonshot.cn/anthropic", "moonshot"),
        ("https://api.minimax.io/anthropic", "minimax"), ("https://api.minimaxi.com/anthropic", "minimax"),
        ("https://openrouter.ai/api", "openrouter"), ("https://ollama.com", "ollamacloud"),
        ("https://coding-intl.dashscope.aliyuncs.com/apps/anthropic", "alibaba"),
        ("http://127.0.0.1:11434", "ollama"), ("http://[::1]:11434", "ollama"), ("http://nas.local:1234", "lmstudio"),
        ("https://user:pw@api.deepseek.com/x", "deepseek"), ("http://127.0.0.1:8080", "other"),
        ("https://gateway.example/api.deepseek.com", "other"), ("https://a.example:11434", "other"), ("", "other"),
    ]

    @Test("a vendor is recognised by its host or its port, and by nothing else", arguments: places)
    func recognised(url: String, name: String) {
        #expect(Vendor.at(url).name == name)
    }

    static let bases: [(String, String)] = [
        ("https://api.deepseek.com", "https://api.deepseek.com/anthropic"),
        ("https://api.deepseek.com/", "https://api.deepseek.com/anthropic"),
        ("https://api.deepseek.com/v1", "https://api.deepseek.com/anthropic"),
        ("https://api.deepseek.com/anthropic/v1/messages", "https://api.deepseek.com/anthropic"),
        ("https://api.z.ai/api/paas/v4", "https://api.z.ai/api/anthropic"),
        ("https://api.z.ai/api/anthropic/", "https://api.z.ai/api/anthropic"),
        ("https://api.moonshot.ai", "https://api.moonshot.ai/anthropic"),
        ("https://api.minimax.io/v1", "https://api.minimax.io/anthropic"),
        ("https://openrouter.ai", "https://openrouter.ai/api"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://api.deepseek.com/something", "https://api.deepseek.com/something"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"), ("https://a.example/v1", "https://a.example/v1"),
        ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com"),
    ]

    @Test("whatever form of address a user knows leads to the vendor's endpoint", arguments: bases)
    func base(url: String, expected: String) {
        #expect(Vendor.at(url).base(url) == expected)
    }

    @Test("names are unique, and every vendor but Anthropic and the unknown one has its sources")
    func table() {
        let all = Vendor.all + [.other]
        #expect(Set(all.map(\.name)).count == all.count)
        for vendor in all where !vendor.isAnthropic && vendor.name != "other" {
            #expect(!vendor.sources.isEmpty, "\(vendor.name)")
            #expect(Vendor.named(vendor.name)?.name == vendor.name)
        }
        #expect(Vendor.named("LM-Studio")?.name == "lmstudio" && Vendor.named("z.ai")?.name == "zai")
        #expect(Vendor.named("nobody") == nil)
    }

    @Test("a vendor can be named where the address does not show it; an unknown name is refused with those known")
    func named() throws {
        let url = "http://127.0.0.1:8080"
        let named = try Anthropic(
            Environment(["ANTHROPIC_UPSTREAM_URL": url, "ANTHROPIC_UPSTREAM_VENDOR": "llama.cpp"]))
        #expect(named.vendor.name == "llamacpp" && named.summary.contains("known as llama.cpp"))
        let error = #expect(throws: ConfigError.self) {
            try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": url, "ANTHROPIC_UPSTREAM_VENDOR": "llama"]))
        }
        #expect(error?.description.contains("ANTHROPIC_UPSTREAM_VENDOR=llama: ") ?? false)
        #expect(error?.description.contains("llamacpp, vllm, other") ?? false)
    }

    private static func sent(
        _ url: String, _ fields: [(String, String)], _ variables: [String: String] = [:]
    ) throws -> HTTPFields {
        let backend = try Anthropic(
            Environment(variables.merging(["ANTHROPIC_UPSTREAM_URL": url]) { own, _ in own }))
        var losses = Losses()
        let request = try MessageRequest(
            endpoint: .messages, path: "/v1/messages", query: nil,
            headers: HTTPFields(fields.map { .init($0.0, $0.1) }),
            body: JSON.parse(Array(#"{"model":"m","max_tokens":1,"messages":[]}"#.utf8)))
        return try backend.translate(request, &losses).headers
    }

    @Test("a key goes as a bearer token to vendors that take only these")
    func bearer() throws {
        let configured = ["ANTHROPIC_UPSTREAM_API_KEY": "k"]
        let moonshot = try Self.sent("https://api.moonshot.ai", [("x-api-key", "theirs")], configured)
        #expect(moonshot["authorization"] == "Bearer k" && moonshot["x-api-key"] == nil)
        let own = try Self.sent("https://ollama.com", [("X-Api-Key", "mine")])
        #expect(own["authorization"] == "Bearer mine" && own["x-api-key"] == nil)
        let both = try Self.sent("https://ollama.com", [("X-Api-Key", "mine"), ("Authorization", "Bearer token")])
        #expect(both.values("authorization") == ["Bearer token"] && both["x-api-key"] == nil)
        let either = try Self.sent("https://api.deepseek.com", [("x-api-key", "mine")], configured)
        #expect(either["x-api-key"] == "k" && either["authorization"] == nil)
    }

    @Test("a key of Anthropic's goes to Anthropic and to gateways nobody knows, never to another vendor")
    func withheld() throws {
        let fields = [("x-api-key", "sk-ant-api03-x"), ("Authorization", "Bearer sk-ant-oat01-y")]
        for url in ["https://api.z.ai", "https://api.moonshot.ai", "http://127.0.0.1:11434"] {
            let sent = try Self.sent(url, fields)
            #expect(sent["x-api-key"] == nil && sent["authorization"] == nil)
        }
        for url in ["https://api.anthropic.com", "https://gateway.example"] {
            let sent = try Self.sent(url, fields)
            #expect(sent["x-api-key"] == "sk-ant-api03-x" && sent["authorization"] == "Bearer sk-ant-oat01-y")
        }
    }

    @Test("counts are asked for where there may be an endpoint, until a 404; Anthropic's 404 is about the model")
    func counting() throws {
        let missing = UpstreamHead(status: 404, headers: HTTPFields())
        let ollama = try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "http://127.0.0.1:11434"]))
        #expect(!ollama.countsTokens)
        let zai = try Anthropic(Environment(["ANTHROPIC_UPSTREAM_URL": "https://api.z.ai"]))
        #expect(zai.countsTokens && !zai.lacksCounting(UpstreamHead(status: 429, headers: HTTPFields())))
        #expect(zai.countsTokens && zai.lacksCounting(missing) && !zai.countsTokens)
        let own = try Anthropic(Environment())
        #expect(!own.lacksCounting(missing) && own.countsTokens)
    }

    private static let page = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { place, _ in
        place.deletingLastPathComponent()
    }.appendingPathComponent("docs/vendors.md")

    @Test("docs/vendors.md has a row for each vendor that says what is mended for it", arguments: Vendor.all + [.other])
    func documented(vendor: Vendor) throws {
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(page.contains(VendorRow.text(vendor)), "expected in docs/vendors.md: \(VendorRow.text(vendor))")
    }
}

/// A vendor as a row of the documentation.
enum VendorRow {
    static func text(_ vendor: Vendor) -> String {
        let places = vendor.hosts.map { "`\($0)\(vendor.path)`" } + (vendor.port.map { ["`http://…:\($0)`"] } ?? [])
        let cells = [
            vendor.title, "`\(vendor.name)`", places.isEmpty ? "–" : places.joined(separator: "<br>"),
            vendor.wantsBearer ? "bearer" : "as it comes", counting(vendor), mends(vendor), vendor.modelNames,
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func counting(_ vendor: Vendor) -> String {
        switch vendor.counting {
        case .endpoint: vendor.isAnthropic ? "theirs" : "theirs, else ours"
        case .none: "ours"
        case .unknown: "asked once, else ours"
        }
    }

    /// The letters that the page explains.
    private static func mends(_ vendor: Vendor) -> String {
        let quirks = vendor.quirks
        var letters = ""
        if quirks.foldsSystem { letters += "S" }
        if quirks.hasNoDeferredTools { letters += "R" }
        if quirks.takesNoDocuments { letters += "D" }
        if quirks.typedTools != nil { letters += "T" }
        if !quirks.claudeFields.isEmpty { letters += "C" }
        if vendor.mendsStreams { letters += "E" }
        switch quirks.thinking {
        case .signedOnly: letters += " t1"
        case .ourEnvelopesDropped: letters += " t2"
        case .foreignDropped: letters += " t3"
        case .foreignUnsigned: letters += " t4"
        }
        return letters.split(separator: " ").joined(separator: " ")
    }
}
