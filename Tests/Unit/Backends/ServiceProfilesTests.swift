import Foundation
import Testing

@testable import Backends
@testable import Intercept

@Suite struct ServiceProfilesTests {
    private func problem(_ variables: [String: String]) -> String? {
        do {
            _ = try OpenAICompatible(Environment(variables))
            return nil
        } catch { return error.description }
    }

    @Test(
        "a base URL shows whose service it is",
        arguments: [
            ("https://api.openai.com/v1", "openai"), ("https://r.openai.azure.com", "azure"),
            ("https://r.services.ai.azure.com/openai/v1", "azure"),
            ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
            ("https://openrouter.ai/api/v1", "openrouter"), ("https://api.deepseek.com", "deepseek"),
            ("https://api.groq.com/openai/v1", "groq"), ("https://api.mistral.ai/v1", "mistral"),
            ("https://api.together.xyz/v1", "together"), ("https://api.cerebras.ai/v1", "cerebras"),
            ("https://api.x.ai/v1", "xai"), ("https://api.z.ai/api/paas/v4", "zai"),
            ("https://open.bigmodel.cn/api/paas/v4", "zai"), ("https://api.moonshot.ai/v1", "moonshot"),
            ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "alibaba"),
            ("http://127.0.0.1:11434/v1", "ollama"), ("http://gpu.lan:11434", "ollama"),
            ("http://localhost:1234/v1", "lmstudio"), ("http://127.0.0.1:8000", "vllm"),
            ("http://[::1]:8080/v1", "llama.cpp"), ("https://x.example:8080/v1", "unknown"),
            ("http://127.0.0.1:9/v1", "unknown"), ("https://notopenai.com/v1", "unknown"),
        ])
    func fitting(url: String, name: String) throws {
        #expect(try Chat.backend(["OPENAI_BASE_URL": url]).service.provider.profile.name == name)
    }

    @Test(
        "OPENAI_PROVIDER names a service in any spelling and wins over the address",
        arguments: [
            ("mistral", "mistral"), ("LM Studio", "lmstudio"), ("lm-studio", "lmstudio"), ("llamacpp", "llama.cpp"),
            ("Z.AI", "zai"), ("kimi", "moonshot"), ("unknown", "unknown"),
        ])
    func named(word: String, name: String) throws {
        let backend = try Chat.backend(["OPENAI_PROVIDER": word, "OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"])
        #expect(backend.service.provider.profile.name == name)
        #expect(backend.summary == "http://127.0.0.1:8000 as \(name) by OPENAI_PROVIDER, claude-* -> gpt-4o")
    }

    @Test("the banner says which profile was found, and by what; nothing where none was")
    func summary() throws {
        let found = try Chat.backend(["OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"]).summary
        #expect(found == "http://127.0.0.1:11434 as ollama by its port, claude-* -> gpt-4o")
        let unknown = try Chat.backend(["OPENAI_BASE_URL": "http://127.0.0.1:9/v1"]).summary
        #expect(unknown == "http://127.0.0.1:9, claude-* -> gpt-4o")
    }

    @Test("a wrong name is refused with the nearest one and all others")
    func wrong() {
        let said = problem(["OPENAI_PROVIDER": "mistrall", "OPENAI_BASE_URL": "http://h"])
        #expect(
            said?.hasPrefix("OPENAI_PROVIDER=mistrall (shell): no provider has this name; did you mean mistral?")
                ?? false)
        #expect(said?.contains("llama.cpp, unknown") ?? false)
        #expect(problem(["OPENAI_PROVIDER": "zzzzzzzzz"])?.contains("did you mean") == false)
    }

    @Test("the name alone means the service's own address; a service without one asks for it")
    func alone() throws {
        #expect(
            try OpenAICompatible(Environment(["OPENAI_PROVIDER": "ollama"])).service.address.shown
                == "http://127.0.0.1:11434/v1")
        let said = problem(["OPENAI_PROVIDER": "azure", "OPENAI_API_KEY": "k12345678"])
        #expect(said?.contains("Azure OpenAI has no address of its own; set OPENAI_BASE_URL") ?? false)
        #expect(
            OpenAICompatible.detect(Environment(["OPENAI_PROVIDER": "ollama"]))?.because == "OPENAI_PROVIDER=ollama")
    }

    @Test("a name from ./.env never brings a key from elsewhere to that service")
    func mixed() {
        var environment = Environment(["OPENAI_API_KEY": "k12345678"])
        environment.set("OPENAI_PROVIDER", "mistral", .dotEnv)
        #expect(throws: ConfigError.self) { _ = try OpenAICompatible(environment) }
    }

    @Test(
        "a base URL that is only a beginning is completed as the service wants it",
        arguments: [
            ("https://api.groq.com", "https://api.groq.com/openai/v1/chat/completions"),
            ("https://api.groq.com/openai", "https://api.groq.com/openai/v1/chat/completions"),
            ("https://openrouter.ai", "https://openrouter.ai/api/v1/chat/completions"),
            ("https://openrouter.ai/api", "https://openrouter.ai/api/v1/chat/completions"),
            (
                "https://generativelanguage.googleapis.com/v1beta/",
                "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
            ),
            ("https://api.z.ai", "https://api.z.ai/api/paas/v4/chat/completions"),
            ("https://api.z.ai/api/coding/paas/v4", "https://api.z.ai/api/coding/paas/v4/chat/completions"),
            ("https://api.deepseek.com", "https://api.deepseek.com/v1/chat/completions"),
            (
                "https://dashscope.aliyuncs.com",
                "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"
            ),
            ("https://r.openai.azure.com/", "https://r.openai.azure.com/openai/v1/chat/completions"),
            (
                "https://r.openai.azure.com?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
            ),
            (
                "https://r.openai.azure.com/openai?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"
            ),
            (
                "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21"
            ),
            (
                "https://r.openai.azure.com/openai/v1?api-version=preview",
                "https://r.openai.azure.com/openai/v1/chat/completions?api-version=preview"
            ),
        ])
    func endpoints(base: String, url: String) throws {
        var losses = Losses()
        let sent = try Chat.backend(["OPENAI_BASE_URL": base]).translate(Chat.request(), &losses)
        #expect(sent.url == url)
    }

    @Test("a token of Entra goes to Azure as a bearer token")
    func entra() throws {
        var losses = Losses()
        let variables = ["OPENAI_BASE_URL": "https://r.openai.azure.com", "OPENAI_API_KEY": "eyJ0eXAiOiJKV1QifQ.e30.x"]
        let sent = try Chat.backend(variables).translate(Chat.request(), &losses)
        guard case .header("Authorization", "Bearer eyJ0eXAiOiJKV1QifQ.e30.x") = sent.authorization else {
            return #expect(Bool(false))
        }
    }

    @Test("names, aliases, hosts and ports belong to one profile each")
    func distinct() {
        let all = ServiceProfile.all
        for values in [
            all.flatMap { [$0.name] + $0.aliases }, all.flatMap(\.domains), all.compactMap { $0.port.map(String.init) },
        ] {
            #expect(Set(values).count == values.count)
        }
    }

    @Test("a profile's own address leads back to it", arguments: ServiceProfile.all.filter { $0.baseURL != nil })
    func ownAddress(profile: ServiceProfile) throws {
        let address = try ServiceAddress(try #require(profile.baseURL), variable: "")
        #expect(ServiceProfile.fitting(address).profile.name == profile.name)
        #expect(address.path == profile.root)
    }

    @Test("each profile is a file of at most 40 lines, and the page shows one of them whole")
    func files() throws {
        let place = Chat.fixtures.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/Backends/Providers")
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path)
        #expect(names.count == ServiceProfile.all.count)
        for name in names {
            let text = try String(contentsOf: place.appendingPathComponent(name), encoding: .utf8)
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 41, "\(name)")
            if name == "Together.swift" { #expect(text == ProvidersMarkdown.example + "\n") }
        }
    }

    @Test("the page has every profile with its differences")
    func page() {
        let text = ProvidersMarkdown.text
        for profile in ServiceProfile.all {
            #expect(text.contains("## \(profile.title)\n"))
            for line in profile.differences { #expect(text.contains("- \(line)\n")) }
        }
        #expect(ServiceProfile.openAI.differences.contains("at most 128 tools"))
    }
}
