/// What serve says when it is ready.
import Intercept
import Testing

@testable import claudecodex

@Suite struct BannerTests {
    private func banner(
        _ address: ListenAddress = .tcp(host: "127.0.0.1", port: 8082), flags: [String] = []
    ) -> Banner {
        Banner(
            address: address, backend: "openai_compatible", summary: "https://api.openai.com",
            because: "OPENAI_API_KEY is set", alsoPossible: [], needsCredentials: false, models: [], denied: [],
            trace: "~/.local/state/claudecodex/logs/2026-11-21.jsonl", redact: "tokens", flags: flags)
    }

    @Test("a backend that translates")
    func translated() {
        #expect(
            banner().text == """
                claudecodex 0.1.0  http://127.0.0.1:8082
                backend  openai_compatible (https://api.openai.com), because OPENAI_API_KEY is set
                traces   ~/.local/state/claudecodex/logs/2026-11-21.jsonl     redact: tokens
                use it   export ANTHROPIC_BASE_URL=http://127.0.0.1:8082 ANTHROPIC_AUTH_TOKEN=local     (eval "$(claudecodex env)")
                Ready (^C to quit)


                """)
    }

    @Test("the pass-through, with everything there is to say")
    func full() {
        let banner = Banner(
            address: .tcp(host: "::1", port: 1), backend: "anthropic", summary: "https://api.anthropic.com",
            because: "nothing else is set up", alsoPossible: ["bedrock, because AWS_PROFILE=dev"],
            needsCredentials: true,
            models: ["*haiku* -> qwen3:8b"], denied: ["Bash:rm -rf*", "WebFetch"], trace: nil, redact: "tokens",
            flags: ["-b anthropic"])
        #expect(
            banner.text == """
                claudecodex 0.1.0  http://[::1]:1
                backend  anthropic (https://api.anthropic.com), because nothing else is set up     *haiku* -> qwen3:8b
                         also possible: bedrock, because AWS_PROFILE=dev     (choose with -b)
                deny     Bash:rm -rf*   WebFetch
                traces   off
                use it   export ANTHROPIC_BASE_URL=http://[::1]:1     (eval "$(claudecodex env -l '[::1]:1' -b anthropic)")
                Ready (^C to quit)


                """)
    }

    @Test("a token stands in the base URL: by its variable, or itself where this proxy made it")
    func token() {
        var banner = banner(.tcp(host: "0.0.0.0", port: 80))
        banner.hasToken = true
        #expect(banner.text.contains("use it   export ANTHROPIC_BASE_URL=http://HOST:80/k/$CLAUDECODEX_TOKEN ANTH"))
        banner.token = AccessToken("0123456789abcdef")
        #expect(banner.text.contains("use it   export ANTHROPIC_BASE_URL=http://HOST:80/k/0123456789abcdef ANTH"))
        #expect(!banner.text.contains("eval"))
    }

    @Test("a socket has no base URL")
    func socket() {
        let text = banner(.unix(path: "/s")).text
        #expect(text.hasPrefix("claudecodex 0.1.0  unix:/s\n"))
        #expect(text.contains("use it   a client that can speak HTTP over the socket unix:/s\n"))
    }

    @Test("what the environment put into it cannot steer the terminal")
    func printable() {
        var odd = banner()
        odd = Banner(
            address: odd.address, backend: odd.backend, summary: "x\u{1B}[2J\ny", because: odd.because,
            alsoPossible: [],
            needsCredentials: false, models: [], denied: [], trace: nil, redact: "tokens", flags: [])
        #expect(odd.text.contains(#"(x\x1b[2J\x0ay)"#))
    }

    @Test(
        "`env` is shown with the flags that give the same address and backend",
        arguments: [
            (["-p", "8091"], "-p 8091"),
            (["-p", "8082", "-q", "-m", "a=b"], nil),
            (["-b", "openai", "--backend=anthropic"], "-b anthropic"),
            (
                ["--upstream", "http://h/v1?a=b&c", "--env-file", "it's"],
                "--upstream 'http://h/v1?a=b&c' --env-file 'it'\\''s'"
            ),
        ])
    func evaluation(_ arguments: [String], _ flags: String?) throws {
        let given = try Arguments(arguments)
        let settings = try Settings(given, Environment())
        let text = banner(settings.listen, flags: given.flagsForEnv).text
        #expect(text.contains("     (eval \"$(claudecodex env\(flags.map { " " + $0 } ?? ""))\")\n"))
    }

    @Test("a password among the flags takes `env` away instead of being shown")
    func password() throws {
        let text = banner(flags: try Arguments(["--upstream", "http://me:secret@h"]).flagsForEnv).text
        #expect(text.contains("ANTHROPIC_AUTH_TOKEN=local\n"))
        #expect(!text.contains("secret") && !text.contains("eval"))
    }

    @Test("an own address is known in all its forms")
    func own() {
        let listen = ListenAddress.tcp(host: "127.0.0.1", port: 8082)
        #expect(BackendChoice.isOwn("http://127.0.0.1:8082", listen))
        #expect(BackendChoice.isOwn("http://localhost:8082/k/x", listen))
        #expect(!BackendChoice.isOwn("http://127.0.0.1:8083", listen))
        #expect(!BackendChoice.isOwn("https://gateway.example:8082", listen))
        #expect(!BackendChoice.isOwn("http://127.0.0.1", listen))
    }

    @Test("draining says how many are left")
    func draining() {
        #expect(Shutdown.notice(1) == "  draining 1 exchange (^C again to stop now)\n")
        #expect(Shutdown.notice(3) == "  draining 3 exchanges (^C again to stop now)\n")
    }
}
