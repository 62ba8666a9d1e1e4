/// Mistakes in base URLs that `doctor` sees.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct AddressShapeTests {
    private static let listen = ListenAddress.tcp(host: "127.0.0.1", port: 8082)

    static let chatURLs: [(String, Finding.Level?, String)] = [
        ("https://api.openai.com/v1", nil, ""), ("http://127.0.0.1:11434/v1", nil, ""),
        ("http://localhost:1234", nil, ""), ("https://openrouter.ai/api/v1/", nil, ""), ("nonsense", nil, ""),
        ("http://10.1.2.3:8000/v1", nil, ""), ("http://gpu-box:8000/v1", nil, ""), ("http://172.20.0.1/v1", nil, ""),
        ("http://[::1]:8000/v1", nil, ""), ("https://u:p@h.example.org/v1", nil, ""),
        ("http://127.0.0.1:8082/v1", .fail, "is this proxy's own address"),
        ("http://172.32.0.1/v1", .warn, "sends keys and texts unencrypted"),
        ("http://api.groq.com/openai/v1", .warn, "sends keys and texts unencrypted"),
        ("https://localhost:8000/v1", .warn, "is https on this machine, where servers mostly speak plain http"),
        ("https://YOUR-RESOURCE.openai.azure.com/openai/v1", .warn, "looks like a placeholder"),
        ("https://api.anthropic.com/v1", .warn, "is Anthropic's: the pass-through loses nothing on the way"),
        ("https://h.org/v1/messages", .fail, "is an address of the Messages API"),
        ("http://localhost:11434/api", .fail, "is Ollama's own API; its Chat Completions are at /v1"),
        ("http://localhost:11434/api/chat", .fail, "is Ollama's own API; its Chat Completions are at /v1"),
        ("https://h.org/v1/v1", .fail, "has /v1 twice"),
    ]

    @Test("of a Chat Completions service", arguments: chatURLs)
    func chatMistakes(url: String, level: Finding.Level?, text: String) {
        let found = AddressShape.mistakes(url, backend: "openai_compatible", listen: Self.listen)
        #expect(found.map(\.level) == (level.map { [$0] } ?? []) && (found.first?.text ?? "") == text)
    }

    static let messagesURLs: [(String, Finding.Level?, String?)] = [
        ("https://api.anthropic.com", nil, nil), ("https://api.z.ai/api/anthropic", nil, nil),
        ("https://h.org/x/v1/messages/", .fail, "leave it out: https://h.org/x"),
        ("https://api.openai.com/v1", .fail, "-b openai_compatible"),
    ]

    @Test("of a service of the Messages API", arguments: messagesURLs)
    func messagesMistakes(url: String, level: Finding.Level?, todo: String?) {
        let found = AddressShape.mistakes(url, backend: "anthropic", listen: Self.listen)
        #expect(found.first?.level == level && found.first?.todo == todo)
    }

    @Test("the source is named, a password is not")
    func findings() throws {
        let environment = Environment(["OPENAI_BASE_URL": "http://me:secret@h.org/v1"])
        let settings = try Settings(Arguments([]), environment)
        let found = AddressShape.findings(settings, environment, backend: "openai_compatible")
        #expect(
            found.map(\.text) == ["OPENAI_BASE_URL (shell) http://…@h.org/v1 sends keys and texts unencrypted"])
        let flag = try Settings(Arguments(["--upstream", "https://h.org/v1"]), environment)
        #expect(
            AddressShape.findings(flag, environment, backend: "openai_compatible")
                == [.ok("address", "--upstream has the form of a base URL")])
        #expect(AddressShape.findings(settings, environment, backend: "demo").isEmpty)
    }
}
