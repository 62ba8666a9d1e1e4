/// The checks of `doctor` that look at configuration, machine, client, trace and answers of services.
import Testing

@testable import Intercept
@testable import Recorder
@testable import claudecodex

@Suite struct DoctorChecksTests {
    // MARK: Configuration

    @Test("the settings that count, with their sources; keys are not shown")
    func configuration() throws {
        var environment = Environment([
            "OPENAI_API_KEY": "sk-abcdefghijklmnop", "TERM": "xterm", "HTTPS_PROXY": "http://me:pass@proxy:3128",
        ])
        environment.set("OPENAICOMPATIBLE_BASE_URL", "http://h/v1", .dotEnv)
        let given = try Arguments(["doctor", "-p", "9000", "--json"]).given
        let found = DoctorConfiguration.findings(environment, given, notes: ["CLAUDECODEX_LISTN is no variable"])
        #expect(
            found == [
                .ok(
                    "configuration", "4 settings",
                    details: [
                        "--port 9000", "HTTPS_PROXY=http://…@proxy:3128 (shell)",
                        "OPENAICOMPATIBLE_BASE_URL=http://h/v1 (./.env; the same as OPENAI_BASE_URL)",
                        "OPENAI_API_KEY=sk-… (19 characters) (shell)",
                    ]), .warn("configuration", "CLAUDECODEX_LISTN is no variable"),
            ])
        #expect(
            DoctorConfiguration.findings(Environment(), [], notes: [])
                == [.ok("configuration", "nothing is set; the defaults count")])
    }

    @Test("of ./.env it says what may count and what may not")
    func dotEnv() {
        func found(_ text: String) -> [Finding] {
            DoctorConfiguration.dotEnv(.success(Array(text.utf8)), exists: true)
        }
        #expect(DoctorConfiguration.dotEnv(.failure(Unreadable(reason: "x")), exists: false).isEmpty)
        #expect(DoctorConfiguration.dotEnv(.failure(Unreadable(reason: "x")), exists: true).map(\.level) == [.warn])
        #expect(
            found("OPENAI_API_KEY=a\nDATABASE=b\n")
                == [
                    .ok(
                        "dotenv", "./.env sets 2 variables, of which 1 may count",
                        details: ["may count: OPENAI_API_KEY"])
                ])
        let refused = found("CLAUDECODEX_REDACT=off\nANTHROPIC_BASE_URL=x\n")
        #expect(refused.map(\.level) == [.warn])
        #expect(refused[0].details == ["may not: ANTHROPIC_BASE_URL, CLAUDECODEX_REDACT"])
        #expect(refused[0].todo == ["if the file is yours: --env-file .env"])
    }

    // MARK: Machine

    @Test(
        "libcurl needs TLS and is better with HTTP/2",
        arguments: [
            ("OpenSSL/3.0.17", true, Finding.Level.ok, "libcurl 8.1 (HTTP/2, OpenSSL/3.0.17), zlib 1.3"),
            ("OpenSSL/3.0.17", false, .note, "libcurl 8.1 (OpenSSL/3.0.17), zlib 1.3; this libcurl has no HTTP/2"),
            (nil, true, .fail, "libcurl 8.1 (HTTP/2), zlib 1.3; this libcurl has no TLS"),
        ] as [(String?, Bool, Finding.Level, String)])
    func program(tls: String?, hasHTTP2: Bool, level: Finding.Level, text: String) {
        let found = DoctorMachine.program(.init(curl: "8.1", tls: tls, hasHTTP2: hasHTTP2, zlib: "1.3"))
        #expect(found.level == level && found.text.contains(text))
    }

    @Test("sizes", arguments: [(0, "0 bytes"), (1024, "1.0 kB"), (340 << 20, "340 MB"), (1_288_490_189, "1.2 GB")])
    func size(bytes: Int, text: String) { #expect(DoctorMachine.size(bytes) == text) }

    @Test("proxy variables are fine when this machine is spared")
    func network() {
        func found(_ variables: [String: String], exists: Bool = true) -> [Finding] {
            DoctorMachine.network(Environment(variables)) { _ in exists }
        }
        #expect(found([:]) == [.ok("network", "no HTTP proxy is set")])
        #expect(found(["https_proxy": "http://p"]).map(\.level) == [.warn])
        for hosts in ["a.org, 127.0.0.1", "*"] {
            #expect(found(["HTTPS_PROXY": "http://p", "NO_PROXY": hosts]).map(\.level) == [.ok])
        }
        #expect(found(["SSL_CERT_FILE": "/nowhere"], exists: false).map(\.level) == [.fail])
        #expect(found(["HTTPS_PROXY": "http://me:secret@p"])[0].details == ["HTTPS_PROXY=http://…@p"])
    }

    // MARK: Client

    private static func client(
        _ settings: String? = nil, _ variables: [String: String] = [:], needsCredentials: Bool = false
    ) -> [Finding] {
        let files = settings.map {
            [DoctorClient.SettingsFile(path: "/h/.claude/settings.json", bytes: Array($0.utf8))]
        }
        return DoctorClient.findings(
            files ?? [], Environment(variables.merging(["HOME": "/h"]) { $1 }),
            listen: .tcp(host: "127.0.0.1", port: 8082), needsCredentials: needsCredentials)
    }

    @Test("nothing in the way of the client")
    func clientFree() {
        for settings in [nil, "{}", #"{"env":{"FOO":"1","CLAUDE_CODE_USE_BEDROCK":"0","ANTHROPIC_BASE_URL":""}}"#] {
            #expect(Self.client(settings).map(\.level) == [.ok])
        }
    }

    @Test("settings of Claude Code that lead elsewhere")
    func clientSettings() {
        let elsewhere = Self.client(
            #"{"env":{"ANTHROPIC_BASE_URL":"http://127.0.0.1:3456","CLAUDE_CODE_USE_VERTEX":"1"}}"#)
        #expect(elsewhere.map(\.level) == [.warn, .warn])
        #expect(
            elsewhere[0].text == "ANTHROPIC_BASE_URL in ~/.claude/settings.json points elsewhere: http://127.0.0.1:3456"
        )
        #expect(elsewhere[1].text.hasPrefix("~/.claude/settings.json sets CLAUDE_CODE_USE_VERTEX:"))
        #expect(Self.client(#"{"env":{"ANTHROPIC_BASE_URL":"http://localhost:8082"}}"#).map(\.level) == [.note])
        #expect(Self.client(#"{"env":{"ANTHROPIC_API_KEY":"k"}}"#).map(\.level) == [.note])
        #expect(Self.client("{").map(\.level) == [.warn])
        #expect(Self.client(#"{"env":[]}"#).map(\.level) == [.ok])
    }

    @Test("variables of the shell that contradict each other or lead elsewhere")
    func clientShell() {
        let url = "http://127.0.0.1:8082"
        #expect(
            Self.client(nil, ["ANTHROPIC_BASE_URL": url]) == [.ok("client", "Claude Code of this shell uses \(url)")])
        #expect(Self.client(nil, ["ANTHROPIC_BASE_URL": "https://gw.org"]).map(\.level) == [.note])
        let both = Self.client(nil, ["ANTHROPIC_API_KEY": "a", "ANTHROPIC_AUTH_TOKEN": "b"])
        #expect(both.map(\.level) == [.warn] && both[0].text.hasPrefix("both ANTHROPIC_API_KEY and"))
        #expect(Self.client(nil, ["CLAUDE_CODE_USE_BEDROCK": "1"]).map(\.level) == [.warn])
        let local = ["ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "local"]
        #expect(Self.client(nil, local).map(\.level) == [.ok])
        #expect(Self.client(nil, local, needsCredentials: true).map(\.level) == [.warn])
    }

    // MARK: Port

    @Test("an address in use is fine when it is this program that uses it")
    func port() throws {
        let address = ListenAddress.tcp(host: "127.0.0.1", port: 8082)
        #expect(DoctorPort.judge(address, health: nil).map(\.level) == [.fail])
        #expect(DoctorPort.judge(address, health: try JSON.parse(Array("{}".utf8))).map(\.level) == [.fail])
        let healthy = #"{"status":"ok","version":"0.1.0","backend":"demo","recorder":{"lost":0}}"#
        #expect(
            DoctorPort.judge(address, health: try JSON.parse(Array(healthy.utf8))) == [
                .ok("port", "127.0.0.1:8082 is in use by claudecodex 0.1.0 with the backend demo, which is running")
            ])
        let full = #"{"version":"0.1.0","backend":"demo","recorder":{"lost":2,"dropped_bodies":1,"last_error":"full"}}"#
        let found = DoctorPort.judge(address, health: try JSON.parse(Array(full.utf8)))
        #expect(found.map(\.level) == [.ok, .warn])
        #expect(found[1].text == "the running proxy has left 3 records or bodies out of its trace: full")
    }

    // MARK: Trace

    @Test("losses are listed by kind with an example")
    func losses() throws {
        var summary = TraceSummary()
        #expect(DoctorTrace.losses(summary) == .ok("losses", "nothing was lost in translation"))
        let line =
            #"{"type":"translation","id":"a","losses":[{"op":"drop","path":"tools[0].strict","why":"none"},"#
            + #"{"op":"drop","path":"tools[1].strict","why":"none"},{"op":"clamp","path":"max_tokens","why":"most","from":"9","as":"5"}]}"#
        summary.take(TraceRecord(json: try JSON.parse(Array(line.utf8))))
        #expect(
            DoctorTrace.losses(summary)
                == .note(
                    "losses", "3 losses of 2 kinds",
                    details: [
                        "2x drop tools[].strict: none; in 1 exchange, for example tools[0].strict",
                        "1x clamp max_tokens 9 -> 5: most",
                    ]))
    }

    @Test("what readers step over is said, and what is missing")
    func gaps() throws {
        let empty = TraceSummary()
        #expect(DoctorTrace.trace("t", empty, .init()).text == "t: 0 exchanges, 0 records, whole")
        #expect(
            DoctorTrace.trace("t", empty, .init(lines: 1)).text.hasSuffix("1 damaged line, which readers step over"))
        #expect(DoctorTrace.trace("t", empty, .init(newer: 2)).level == .note)
        #expect(DoctorTrace.trace("t", empty, .init(failure: "damaged")).level == .warn)
        #expect(DoctorTrace.dropped(empty) == nil)
        var summary = TraceSummary()
        summary.take(TraceRecord(json: try JSON.parse(Array(#"{"type":"end","dropped":3}"#.utf8))))
        #expect(DoctorTrace.dropped(summary)?.level == .warn)
        #expect(DoctorTrace.findings(nil, Environment()).map(\.todo) == [["claudecodex demo"]])
    }
}
