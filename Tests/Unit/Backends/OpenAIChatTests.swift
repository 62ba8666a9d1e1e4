import Testing

@testable import Backends
@testable import Intercept

@Suite struct OpenAIChatTests {
    private func problem(_ environment: Environment) -> String? {
        do {
            _ = try OpenAICompatible(environment)
            return nil
        } catch { return error.description }
    }

    private func environment(_ entries: [(String, String, Environment.Source)]) -> Environment {
        var environment = Environment()
        for (name, value, source) in entries { environment.set(name, value, source) }
        return environment
    }

    @Test(
        "the endpoint is found from every form of base URL",
        arguments: [
            ("https://api.openai.com", "https://api.openai.com/v1/chat/completions"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
            ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"),
            (
                "https://generativelanguage.googleapis.com/v1beta/openai/",
                "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions"
            ),
            ("https://api.z.ai/api/paas/v4", "https://api.z.ai/api/paas/v4/chat/completions"),
            ("https://x.example/v1/chat/completions", "https://x.example/v1/chat/completions"),
            (
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21"
            ),
            (
                "https://r.openai.azure.com/openai/v1?api-version=preview",
                "https://r.openai.azure.com/openai/v1/chat/completions?api-version=preview"
            ),
            ("HTTP://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ])
    func endpoints(base: String, url: String) throws {
        var losses = Losses()
        let sent = try Chat.backend(["OPENAI_BASE_URL": base]).translate(Chat.request(), &losses)
        #expect(sent.url == url)
    }

    @Test(
        "what is no URL is refused with the variable's name",
        arguments: ["api.openai.com/v1", "ftp://x/", "http://", "https://user:pw@host/v1", "https://ho st/"])
    func noURL(url: String) {
        let said = problem(Environment(["OPENAI_BASE_URL": url]))
        #expect(said?.hasPrefix("OPENAI_BASE_URL (shell)") ?? false)
        #expect(!(said?.contains("pw") ?? true))
    }

    @Test("the key goes into the header that the service reads")
    func authorization() throws {
        func header(_ url: String) throws -> String? {
            var losses = Losses()
            let sent = try Chat.backend(["OPENAI_BASE_URL": url]).translate(Chat.request(), &losses)
            #expect(!String(decoding: sent.body, as: UTF8.self).contains("key-of-the-test"))
            if case .header(let name, let value) = sent.authorization { return "\(name): \(value)" } else { return nil }
        }
        #expect(try header("https://api.openai.com/v1") == "Authorization: Bearer key-of-the-test-1234567890")
        #expect(try header("https://r.openai.azure.com/openai/v1") == "api-key: key-of-the-test-1234567890")
    }

    @Test("a service on this machine needs no key, OpenAI does")
    func keyless() throws {
        var losses = Losses()
        let backend = try OpenAICompatible(Environment(["OPENAI_BASE_URL": "http://127.0.0.1:1"]))
        guard case .none = try backend.translate(Chat.request(), &losses).authorization else {
            return #expect(Bool(false))
        }
        #expect(problem(Environment())?.contains("OPENAI_API_KEY") ?? false)
    }

    @Test("organization and project go along")
    func organization() throws {
        var losses = Losses()
        let sent = try Chat.backend(["OPENAI_ORG_ID": "o", "OPENAI_PROJECT_ID": "p"]).translate(Chat.request(), &losses)
        #expect(sent.headers["openai-organization"] == "o" && sent.headers["openai-project"] == "p")
    }

    @Test("an address from ./.env never gets a key from elsewhere, nor the other way round")
    func mixedSources() {
        let url = ("OPENAI_BASE_URL", "https://evil.example/v1")
        let key = ("OPENAI_API_KEY", "k12345678")
        for (urlSource, keySource) in [
            (Environment.Source.dotEnv, Environment.Source.shell), (.dotEnv, .userFile), (.shell, .dotEnv),
        ] {
            let said = problem(environment([(url.0, url.1, urlSource), (key.0, key.1, keySource)]))
            #expect(said?.contains("OPENAI_BASE_URL") ?? false)
            #expect(!(said?.contains("k12345678") ?? true))
        }
        #expect(problem(environment([(url.0, url.1, .dotEnv), (key.0, key.1, .dotEnv)])) == nil)
        #expect(problem(environment([(key.0, key.1, .dotEnv)])) == nil)
        #expect(problem(environment([(url.0, url.1, .flag), (key.0, key.1, .shell)])) == nil)
    }

    @Test("the other spellings work, the stronger source wins")
    func spellings() throws {
        let other = try OpenAICompatible(
            Environment(["OPENAICOMPATIBLE_BASE_URL": "http://h:1", "OPENAICOMPATIBLE_API_KEY": "k12345678"]))
        #expect(other.service.address.origin == "http://h:1" && other.service.key?.value == "k12345678")
        let both = try OpenAICompatible(
            environment([
                ("OPENAI_BASE_URL", "http://weak", .dotEnv), ("OPENAICOMPATIBLE_BASE_URL", "http://strong", .shell),
            ]))
        #expect(both.service.address.origin == "http://strong")
    }

    @Test("a key with a line break is refused without being shown")
    func brokenKey() {
        let said = problem(Environment(["OPENAI_API_KEY": "sk-secret\nX-Evil: 1"]))
        #expect(said?.contains("OPENAI_API_KEY") ?? false)
        #expect(!(said?.contains("secret") ?? true))
    }

    @Test("the banner names host and models, never the key")
    func summary() throws {
        let summary = try Chat.backend(["OPENAI_MODEL_HAIKU": "small"]).summary
        #expect(summary == "https://api.openai.com, haiku -> small, claude-* -> gpt-4o")
        #expect(try Chat.backend(["OPENAI_MODEL_HAIKU": "small"]).models == ["gpt-4o", "small"])
    }
}

@Suite struct RegistryTests {
    private func choose(_ variables: [String: String], _ explicit: String? = nil) throws -> (String, String, [String]) {
        let choice = try Registry.choose(Environment(variables), explicit: explicit)
        return (type(of: choice.backend).name, choice.why, choice.alsoPossible)
    }

    private func problem(_ variables: [String: String], _ explicit: String? = nil) -> String? {
        do {
            _ = try Registry.choose(Environment(variables), explicit: explicit)
            return nil
        } catch { return error.description }
    }

    @Test("an explicit name wins over variables, variables over what the environment shows")
    func order() throws {
        let key = ["OPENAI_API_KEY": "k12345678"]
        #expect(try choose(key).0 == "openai_compatible")
        #expect(try choose(key).1 == "because OPENAI_API_KEY is set")
        #expect(try choose(key.merging(["LLM_BACKEND": "anthropic"]) { $1 }).0 == "anthropic")
        #expect(try choose(key.merging(["LLM_PROVIDER": "anthropic"]) { $1 }, "openai").0 == "openai_compatible")
        #expect(try choose([:]).0 == "anthropic")
    }

    @Test("what else was possible is told")
    func others() throws {
        #expect(
            try choose(["OPENAI_BASE_URL": "http://h:1/v1"], "anthropic").2 == [
                "openai_compatible, because OPENAI_BASE_URL=http://h:1/v1"
            ])
    }

    @Test(
        "every spelling of the name is understood",
        arguments: ["openai_compatible", "openai", "OpenAI-Compatible", "openaicompatible"])
    func spellings(name: String) throws {
        #expect(try choose(["OPENAI_API_KEY": "k12345678"], name).0 == "openai_compatible")
    }

    @Test("an unknown name is answered with the known ones")
    func unknown() {
        #expect(
            problem(["LLM_BACKEND": "gemini"])
                == "LLM_BACKEND=gemini: no backend has this name; choose one of bedrock, openai_compatible, openai_responses, anthropic, demo"
        )
    }

    @Test("a chosen backend whose variables are missing says which")
    func missing() {
        #expect(problem(["LLM_BACKEND": "openai"])?.contains("OPENAI_API_KEY") ?? false)
    }
}
