/// Flags and variables become settings.
import Intercept
import Testing

@testable import claudecodex

@Suite struct SettingsTests {
    private func settings(_ arguments: [String] = [], _ shell: [String: String] = [:]) throws -> Settings {
        try Settings(Arguments(arguments), Environment(shell))
    }

    private func failure(_ arguments: [String] = [], _ shell: [String: String] = [:]) -> Failure? {
        do { _ = try settings(arguments, shell) } catch { return error as? Failure }
        return nil
    }

    @Test("P131: without flags and variables the defaults hold")
    func defaults() throws {
        let settings = try settings()
        #expect(settings.listen == .tcp(host: "127.0.0.1", port: 8082))
        #expect(settings.backend == nil && settings.upstream == nil && settings.logDirectory == nil)
        #expect(settings.record == "delta" && settings.redact == "tokens" && settings.color == "auto")
        #expect(settings.format == .text && settings.detail == .normal)
        #expect(settings.limits == Limits())
        #expect(settings.models.isEmpty && settings.denied.isEmpty)
    }

    @Test("every variable does what its flag does, and the flag wins")
    func variables() throws {
        let values: [(Flag.Name, String, String)] = [
            (.listen, ":1", ":2"), (.port, "1", "2"), (.backend, "anthropic", "bedrock"),
            (.upstream, "http://a", "http://b"),
            (.logDir, "a", "b"), (.record, "full", "off"), (.redact, "strict", "headers"), (.format, "jsonl", "text"),
            (.color, "never", "always"), (.maxBody, "1M", "2M"), (.timeout, "1s", "2s"), (.ping, "1s", "2s"),
        ]
        for (name, flag, variable) in values {
            let name = try #require(Flags.row(name))
            let shell = [try #require(name.variable): variable]
            let flags = ["--\(name.name.rawValue)", flag]
            let byFlag = String(describing: try settings(flags))
            #expect(String(describing: try settings(flags, shell)) == byFlag)
            #expect(try described(settings([], shell)) == described(settings(["--\(name.name.rawValue)", variable])))
        }
    }

    /// Settings as text, without where they came from.
    private func described(_ settings: Settings) -> String {
        var settings = settings
        settings.backend = settings.backend.map { Setting(text: $0.text, origin: .flag("x")) }
        settings.upstream = settings.upstream.map { Setting(text: $0.text, origin: .flag("x")) }
        settings.logDirectory = settings.logDirectory.map { Setting(text: $0.text, origin: .flag("x")) }
        return String(describing: settings)
    }

    @Test("the seeds' variables are understood")
    func seeds() throws {
        #expect(try settings([], ["SERVER_PORT": "9000"]).listen == .tcp(host: "127.0.0.1", port: 9000))
        #expect(
            try settings([], ["SERVER_HOST": "localhost", "SERVER_PORT": "1"]).listen
                == .tcp(host: "localhost", port: 1))
        #expect(try settings([], ["LLM_PROVIDER": "anthropic"]).backend?.text == "anthropic")
        #expect(try settings(["-b", "auto"], ["LLM_PROVIDER": "anthropic"]).backend == nil)
    }

    @Test("run listens on a port of its own, whatever the variables say")
    func run() throws {
        let settings = try settings(["run", "--", "x"], ["CLAUDECODEX_LISTEN": "0.0.0.0:80", "SERVER_PORT": "x"])
        #expect(settings.listen == .tcp(host: "127.0.0.1", port: 0))
    }

    @Test("a stronger port moves a weaker address, and two of equal strength must agree")
    func portAndAddress() throws {
        #expect(try settings(["-p", "1"], ["CLAUDECODEX_LISTEN": "[::1]:2"]).listen == .tcp(host: "::1", port: 1))
        #expect(try settings(["-l", ":2"], ["SERVER_PORT": "1"]).listen == .tcp(host: "127.0.0.1", port: 2))
        #expect(try settings(["-l", ":2", "-p", "2"]).listen == .tcp(host: "127.0.0.1", port: 2))
        #expect(failure(["-l", ":2", "-p", "1"])?.code == .usage)
        #expect(failure([], ["CLAUDECODEX_LISTEN": ":2", "CLAUDECODEX_PORT": "1"])?.code == .configuration)
        #expect(failure(["-p", "1"], ["CLAUDECODEX_LISTEN": "unix:/s"])?.code == .configuration)
    }

    @Test(
        "addresses of this machine are taken",
        arguments: ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/s", ":0"])
    func own(_ address: String) throws { #expect(try settings(["-l", address]).listen.isOfThisMachine) }

    @Test(
        "addresses that others reach are refused with the reason",
        arguments: ["0.0.0.0:1", "[::]:1", "192.168.1.1:1", "127.evil.com:1", "127.0.0.1.evil.com:1", "example.com:1"])
    func foreign(_ address: String) {
        let failure = failure(["-l", address])
        #expect(failure?.code == .configuration)
        #expect(failure?.message.contains("other machines could use your keys") == true)
        #expect(failure?.hints.first?.contains("CLAUDECODEX_TOKEN") == true)
        #expect(self.failure([], ["SERVER_HOST": "0.0.0.0"])?.code == .configuration)
    }

    private static let secret = "0123456789abcdef"

    @Test("with a token they are taken, however it was given")
    func withToken() throws {
        for (flags, shell) in [
            (["--token", Self.secret], [:]), (["--token", "auto"], [:]), ([], ["CLAUDECODEX_TOKEN": Self.secret]),
        ] {
            #expect(try settings(["-l", "0.0.0.0:1"] + flags, shell).listen == .tcp(host: "0.0.0.0", port: 1))
            #expect(
                try settings(flags, shell.merging(["SERVER_HOST": "0.0.0.0"]) { $1 }).listen
                    == .tcp(host: "0.0.0.0", port: 8082))
        }
    }

    @Test("a token that could be guessed or has strange characters is refused without being repeated")
    func badToken() {
        for bad in ["short", "with/slash/0123456789", "blank 0123456789abcdef"] {
            let failure = failure(["--token", bad])
            #expect(failure?.code == .usage && !(failure?.message.contains(bad) ?? true))
            #expect(self.failure([], ["CLAUDECODEX_TOKEN": bad])?.code == .configuration)
        }
    }

    @Test("a made token is another one for each proxy, and run has its own")
    func madeToken() throws {
        let made = try #require(try settings(["--token", "auto"]).token)
        #expect(made == .made && made.token() != made.token())
        let given = Settings.Token.given(try #require(AccessToken(Self.secret)))
        #expect(try settings(["--token", Self.secret]).token == given)
        #expect(try settings(["run", "--", "x"], ["CLAUDECODEX_TOKEN": Self.secret]).token == nil)
    }

    @Test("./.env cannot open the proxy to other machines, token or not")
    func dotEnvHost() throws {
        var environment = Environment(["CLAUDECODEX_TOKEN": Self.secret])
        environment.set("SERVER_HOST", "0.0.0.0", .dotEnv)
        #expect {
            try Settings(Arguments([]), environment)
        } throws: { error in
            (error as? Failure)?.code == .configuration
                && (error as? Failure)?.hints.first?.contains("a folder's .env may not open it") ?? false
        }
        environment.set("SERVER_HOST", "localhost", .dotEnv)
        #expect(try Settings(Arguments([]), environment).listen == .tcp(host: "localhost", port: 8082))
    }

    @Test("names to answer to: from flags and variable, checked")
    func hosts() throws {
        let hosts = try settings(["--allow-host", "A.lan"], ["CLAUDECODEX_ALLOW_HOST": "b.lan, c"]).hosts
        #expect(hosts == ["a.lan", "b.lan", "c"])
        for bad in ["a.lan:80", "http://a", "*", "ü.lan"] {
            #expect(failure(["--allow-host", bad])?.message.contains("expected a host's name without a port") ?? false)
        }
    }

    @Test("strict, the command for searches, and how many at once")
    func answering() throws {
        let plain = try settings()
        #expect(!plain.isStrict && plain.webSearch == nil)
        #expect(try settings(["--strict"]).isStrict)
        #expect(try settings([], ["CLAUDECODEX_STRICT": "1"]).isStrict)
        #expect(try settings(["--web-search", "a 'b c'"]).webSearch?.words == ["a", "b c"])
        #expect(try settings([], ["CLAUDECODEX_WEB_SEARCH": "a"]).webSearch?.words == ["a"])
        #expect(try settings(["--max-streams", "7"]).limits.maxExchanges == 7)
    }

    @Test("detail goes from quiet to text")
    func detail() throws {
        #expect(try settings(["-q"]).detail == .quiet)
        #expect(try settings(["-v"]).detail == .inputs)
        #expect(try settings(["-vvv"]).detail == .text)
        #expect(try settings([], ["CLAUDECODEX_VERBOSE": "2"]).detail == .text)
        #expect(try settings(["-q"], ["CLAUDECODEX_VERBOSE": "2"]).detail == .quiet)
        #expect(try settings(["-v"], ["CLAUDECODEX_QUIET": "1"]).detail == .inputs)
        #expect(try settings([], ["CLAUDECODEX_QUIET": "0"]).detail == .normal)
    }

    @Test("times and sizes")
    func limits() throws {
        let limits = try settings(["--timeout", "1m/500ms", "--max-body", "2M", "--ping", "0"]).limits
        #expect(limits.firstByteTimeoutMS == 60_000 && limits.idleTimeoutMS == 500)
        #expect(limits.maxBody == 2 << 20 && limits.pingIntervalMS == 0)
        #expect(try settings(["--timeout", "7s"]).limits.idleTimeoutMS == 7000)
    }

    @Test("repeatable flags keep their order and come before the variable's")
    func lists() throws {
        let settings = try settings(
            ["-m", "a=1", "-m", "b=2", "--deny-tool", "Write"],
            ["CLAUDECODEX_MODEL": "c=3, d=4\ne=5", "CLAUDECODEX_DENY_TOOL": "Bash:a,b\nRead"])
        #expect(settings.models.map(\.to) == ["1", "2", "3", "4", "5"])
        #expect(settings.denied.map(\.text) == ["Write", "Bash:a,b", "Read"])
    }

    @Test(
        "bad values on the command line end with 64",
        arguments: [
            (["-p", "70000"], "--port 70000: expected a port from 0 to 65535"),
            (["--max-body", "10"], "--max-body 10: expected a size of at least 1K, for example 64M"),
            (["--timeout", "1/2/3"], "--timeout 1/2/3: expected FIRST or FIRST/IDLE, for example 10m/5m"),
            (["--ping", "1ms"], "--ping 1ms: expected a time from 100ms to 500h, for example 15s, 500ms or 10m"),
            (["-m", "x"], "--model x: expected FROM=TO, for example '*haiku*=qwen3:8b'"),
            (["--deny-tool", ":x"], "--deny-tool :x: expected TOOL or TOOL:PATTERN, for example 'Bash:rm -rf*'"),
            (["--deny-tool", "Bash:"], "--deny-tool Bash:: expected TOOL or TOOL:PATTERN, for example 'Bash:rm -rf*'"),
            (["--web-search", "a 'b"], "--web-search a 'b: a quote is not closed"),
            (["--web-search", " "], "--web-search  : expected a command"),
            (["--max-streams", "0"], "--max-streams 0: expected a number of requests, for example 100"),
            (["--redact", "off"], "--redact off: keys would stand in the trace as they are"),
            (["-q", "-v"], "-q and -v contradict each other"),
        ])
    func badFlags(_ arguments: [String], _ message: String) {
        let failure = failure(arguments)
        #expect(failure?.code == .usage)
        #expect(failure?.message == message)
    }

    @Test("an address that is none ends with 64")
    func badAddress() { #expect(failure(["-l", "nowhere"])?.code == .usage) }

    @Test(
        "bad and contradictory variables end with 78",
        arguments: [
            (["SERVER_PORT": "x"], "SERVER_PORT (shell) x: expected a port from 0 to 65535"),
            (["LLM_BACKEND": "a", "LLM_PROVIDER": "b"], "LLM_BACKEND (shell) is 'a', but LLM_PROVIDER (shell) is 'b'"),
            (["CLAUDECODEX_QUIET": "maybe"], "CLAUDECODEX_QUIET (shell) maybe: expected 1 or 0"),
            (["CLAUDECODEX_VERBOSE": "9"], "CLAUDECODEX_VERBOSE (shell) 9: expected 0, 1 or 2"),
            (
                ["CLAUDECODEX_RECORD": "dleta"],
                "CLAUDECODEX_RECORD (shell) dleta: expected full, delta, off; did you mean 'delta'?"
            ),
            (
                ["CLAUDECODEX_REDACT": "off"],
                "CLAUDECODEX_REDACT (shell) off: keys would stand in the trace as they are"
            ),
            (
                ["CLAUDECODEX_QUIET": "1", "CLAUDECODEX_VERBOSE": "1"],
                "CLAUDECODEX_QUIET and CLAUDECODEX_VERBOSE contradict each other"
            ),
        ])
    func badVariables(_ shell: [String: String], _ message: String) {
        let failure = failure([], shell)
        #expect(failure?.code == .configuration)
        #expect(failure?.message == message)
    }

    @Test("secrets are stored only when that is confirmed")
    func confirmed() throws {
        #expect(try settings(["--redact", "off", "--yes-store-secrets"]).redact == "off")
        #expect(try settings(["--redact", "off"], ["CLAUDECODEX_YES_STORE_SECRETS": "1"]).redact == "off")
    }

    @Test("equal values in two spellings are no contradiction, and the stronger source wins")
    func strength() throws {
        #expect(try settings([], ["LLM_BACKEND": "a", "LLM_PROVIDER": "a"]).backend?.text == "a")
        var environment = Environment(["LLM_PROVIDER": "shell"])
        environment.set("LLM_BACKEND", "file", .dotEnv)
        #expect(try Settings(Arguments([]), environment).backend?.text == "shell")
    }
}
