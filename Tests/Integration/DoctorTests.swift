/// `claudecodex doctor` by its exact output in several environments. Runs only where `CLAUDECODEX_BIN` is given.
import Foundation
import Testing

@testable import Intercept

@Suite(.enabled(if: RecordingTests.program != nil))
struct DoctorTests {
    /// What depends on the machine: the library's versions, the free space.
    private static func normal(_ text: String, _ home: Home) -> String {
        var text = Normal.text(text, home: home)
        text.replace(#/claudecodex \d\S*, libcurl [^"\n]*zlib [\w.\-]+/#, with: "VERSIONS")
        text.replace(#/\d+(\.\d)? [kMGT]B free/#, with: "SPACE free")
        return text
    }

    private static func run(
        _ arguments: [String] = [], _ home: Home, _ environment: [String: String] = [:]
    ) throws -> (code: Int32, out: String) {
        let run = try CommandRun(["doctor"] + arguments, home: home, environment: environment)
        #expect(run.err == "")
        return (run.code, normal(run.out, home))
    }

    @Test("a fresh home")
    func fresh() throws {
        let home = try Home()
        let run = try Self.run(["-p", "0"], home)
        #expect(run.code == 0)
        #expect(
            run.out == """
                ok    program: VERSIONS
                ok    configuration: 1 setting
                        --port 0
                ok    backend: anthropic (https://api.anthropic.com, the client's own credentials), because nothing else is configured
                ok    port: any free one
                ok    logs: ~/.local/state/claudecodex/logs will be made, SPACE free
                ok    client: nothing keeps Claude Code from using this proxy: claudecodex run -- claude
                ok    network: no HTTP proxy is set
                note  trace: there is none yet
                      -> claudecodex demo

                no problems

                """)
    }

    @Test("an empty environment has no place for traces")
    func empty() throws {
        let home = try Home()
        let run = try Self.run(["-p", "0"], home, ["HOME": ""])
        #expect(run.code == 1)
        #expect(
            run.out.contains("FAIL  logs: neither HOME nor XDG_STATE_HOME is set, so there is no place for traces\n"))
        #expect(run.out.hasSuffix("\n\n1 problem\n"))
    }

    @Test("everything that can be wrong at once, in 80 columns and in 200", arguments: [80, 200])
    func wrong(columns: Int) throws {
        let home = try Home()
        try home.write(
            ".env",
            "OPENAI_BASE_URL=http://203.0.113.7/v1\nOPENAI_API_KEY=\"'sk-abcdefghijkl'\"\nCLAUDECODEX_REDACT=off\n")
        try home.write(".claude/settings.json", #"{"env":{"ANTHROPIC_BASE_URL":"http://127.0.0.1:3456"}}"#)
        try home.write("logs", "a file")
        let environment = [
            "ANTHROPIC_API_KEY": "a", "ANTHROPIC_AUTH_TOKEN": "b", "HTTPS_PROXY": "http://me:pass@proxy:3128",
            "CLAUDECODEX_LISTN": "x", "COLUMNS": "\(columns)",
        ]
        let run = try Self.run(["-p", "0", "--log-dir", "logs"], home, environment)
        #expect(run.code == 1)
        #expect(!run.out.contains("abcdefgh") && !run.out.contains("pass@"))
        let lines = run.out.split(separator: "\n").map(String.init)
        #expect(lines.allSatisfy { $0.count < columns || $0.contains("VERSIONS") })
        let levels = lines.compactMap { line in
            ["ok", "note", "warn", "FAIL"].contains(String(line.prefix(5)).trimmingCharacters(in: .whitespaces))
                ? String(line.prefix { $0 != ":" }) : nil
        }
        #expect(
            levels == [
                "ok    program", "ok    configuration", "warn  configuration", "warn  configuration", "warn  dotenv",
                "warn  key", "ok    backend", "FAIL  key", "warn  address", "ok    port", "FAIL  logs", "warn  client",
                "warn  client", "warn  network", "note  trace",
            ])
        #expect(lines.last == "2 problems, 8 warnings")
    }

    @Test("a mistake in the configuration is a finding, and the rest is still checked")
    func broken() throws {
        let home = try Home()
        let port = try Self.run(["-p", "70000"], home)
        #expect(port.code == 1 && port.out.contains("FAIL  configuration: --port 70000: expected a port"))
        #expect(port.out.contains("ok    program"))
        let file = try Self.run(["-p", "0", "--env-file", "missing"], home)
        #expect(file.code == 1 && file.out.contains("FAIL  configuration: --env-file missing: cannot be read"))
        let backend = try Self.run(["-p", "0", "-b", "openai"], home)
        #expect(backend.code == 1 && backend.out.contains("FAIL  backend: openai_compatible: neither OPENAI_API_KEY"))
        #expect(backend.out.contains("ok    logs"))
        let mix = try Self.mix()
        #expect(
            mix.code == 1 && mix.out.contains("FAIL  backend: ./.env sets OPENAI_BASE_URL, but the key would be yours"))
    }

    private static func mix() throws -> (code: Int32, out: String) {
        let home = try Home()
        try home.write(".env", "OPENAI_BASE_URL=http://203.0.113.7/v1\n")
        return try run(["-p", "0"], home, ["OPENAI_API_KEY": "sk-abcdefghijklmnop"])
    }

    @Test(
        "Bedrock: which step gives the keys, which were skipped, what to type; nothing is asked and no command is run")
    func bedrock() throws {
        let home = try Home()
        let config = """
            [profile dev]
            region = eu-central-1
            sso_session = work
            sso_account_id = 123456789012
            sso_role_name = developer
            [profile tool]
            region = eu-central-1
            credential_process = touch ran
            [sso-session work]
            sso_start_url = https://example.awsapps.com/start
            sso_region = eu-west-1

            """
        try home.write(".aws/config", config)
        let run = try Self.run(["-p", "0"], home, ["AWS_PROFILE": "dev"])
        #expect(run.code == 1)
        #expect(
            run.out.contains(
                """
                FAIL  credentials: SSO role developer: there is no SSO session
                        skipped: AWS_BEARER_TOKEN_BEDROCK is not set
                        skipped: AWS_ACCESS_KEY_ID is not set
                        the profile dev counts: AWS_PROFILE
                      -> aws sso login --profile dev
                ok    region: eu-central-1, by profile dev; models are called with eu. in front
                ok    endpoint: https://bedrock-runtime.eu-central-1.amazonaws.com, the region's own; API converse

                """))
        let tool = try Self.run(["-p", "0"], home, ["AWS_PROFILE": "tool"])
        #expect(tool.code == 0)
        #expect(
            tool.out.contains("ok    credentials: credential_process: touch will be run when keys are needed (not now)")
        )
        #expect(!FileManager.default.fileExists(atPath: home.path + "/ran"))
        let json = try CommandRun(["doctor", "--json", "-p", "0"], home: home, environment: ["AWS_PROFILE": "dev"]).out
        #expect(json.contains(#""check":"credentials","text":"SSO role developer: there is no SSO session""#))
        #expect(json.contains(#""todo":["aws sso login --profile dev"]"#))
    }

    @Test("what others may read is pointed out, with the command that closes it")
    func permissions() throws {
        let home = try Home()
        try home.write(".config/claudecodex/config.env", "OPENAI_API_KEY=sk-abcdefghijklmnop\n")
        try home.write("traces/old.jsonl", "")
        for (name, mode) in [(".config/claudecodex/config.env", 0o644), ("traces", 0o755)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: home.path + "/" + name)
        }
        let open = try Self.run(["-p", "0", "--log-dir", "traces"], home)
        #expect(open.code == 0)
        #expect(
            open.out.contains(
                "warn  key: ~/.config/claudecodex/config.env (0644) holds a key, and others may read it\n"
                    + "      -> chmod 600 HOME/.config/claudecodex/config.env\n"))
        #expect(
            open.out.contains(
                "warn  logs: traces, 0755, SPACE free: others may look into it\n      -> chmod 700 traces\n"))
        #expect(open.out.contains("OPENAI_API_KEY=sk-… (19 characters) (configuration file)"))
    }

    @Test("the port: free, another program's, a proxy of this program")
    func port() throws {
        let home = try Home()
        let (socket, port) = try RawSocket.listen()
        let taken = try Self.run(["-p", "\(port)"], home)
        #expect(taken.code == 1)
        #expect(taken.out.contains("FAIL  port: 127.0.0.1:\(port) is in use by another program\n"))
        socket.close()
        let child = try Child(arguments: ["-b", "demo"], folder: home.path, variables: [:])
        let ours = try Self.run(["-p", "\(child.port)", "-b", "demo"], home)
        #expect(ours.code == 0)
        #expect(ours.out.contains("is in use by claudecodex 0.1.0 with the backend demo, which is running\n"))
        #expect(child.terminate() == 0)
    }

    @Test("the newest trace: its losses, and whether it is whole")
    func trace() throws {
        let home = try Home()
        #expect(try CommandRun(["demo"], home: home).code == 0)
        let run = try Self.run(["-p", "0"], home)
        #expect(
            run.out.hasSuffix(
                """
                ok    trace: ~/.local/state/claudecodex/logs/run-demo-STAMP.jsonl: 6 exchanges, 54 records, whole
                note  losses: 6 losses of 1 kind
                        6x drop speed: Chat Completions has no such field; in 6 exchanges
                ok    dropped: every record of the trace was written

                no problems

                """))
        let path = try #require(home.traces.first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(40).write(to: URL(fileURLWithPath: path))
        #expect(try Self.run(["-p", "0"], home).out.contains("and 1 damaged line, which readers step over"))
    }

    @Test("JSON has the same findings on any terminal")
    func json() throws {
        let home = try Home()
        let text = try CommandRun(["doctor", "--json", "-p", "0"], home: home).out
        let json = try JSON.parse(Array(text.utf8))
        #expect(json["version"]?.string == "0.1.0" && json["problems"]?.int == 0)
        let checks = json["findings"]?.elements.map { $0["check"]?.string ?? "" }
        #expect(checks == ["program", "configuration", "backend", "port", "logs", "client", "network", "trace"])
        let terminal = try TerminalRun(["doctor", "--json", "-p", "0"], home: home, columns: 80)
        #expect(terminal.text == text)
    }

    @Test("colours on a terminal, none with NO_COLOR or in a pipe")
    func color() throws {
        let home = try Home()
        let plain = try CommandRun(["doctor", "-p", "0"], home: home, environment: ["COLUMNS": "80"]).out
        #expect(!plain.contains("\u{1B}"))
        let colored = try TerminalRun(["doctor", "-p", "0"], home: home, columns: 80)
        #expect(colored.text.contains("\u{1B}[32mok\u{1B}[0m") && Normal.plain(colored.text) == plain)
        let none = try TerminalRun(["doctor", "-p", "0"], home: home, columns: 80, environment: ["NO_COLOR": "1"])
        #expect(none.text == plain)
    }

    // MARK: Online

    @Test("without --online nobody is asked; with it the service is, as the proxy would ask it")
    func online() throws {
        let home = try Home()
        let upstream = try ScriptedUpstream { request, reply in
            let isKnown = request.fields["authorization"] == "Bearer sk-right-key-123456"
            try reply.answer(
                isKnown ? 200 : 401,
                isKnown ? #"{"data":[{"id":"gpt-5-mini"}]}"# : #"{"error":{"message":"Incorrect key"}}"#)
        }
        var environment = [
            "OPENAI_BASE_URL": upstream.url + "/v1", "OPENAI_API_KEY": "sk-right-key-123456",
            "OPENAI_MODEL": "gpt-5-mini",
        ]
        #expect(try Self.run(["-p", "0"], home, environment).code == 0)
        #expect(upstream.requests.isEmpty)
        let right = try Self.run(["-p", "0", "--online"], home, environment)
        #expect(right.code == 0 && right.out.contains("answered 200") && right.out.contains("and takes the key"))
        #expect(right.out.contains("ok    online: the service lists the model gpt-5-mini"))
        #expect(upstream.requests.map { "\($0.method) \($0.target)" } == ["GET /v1/models"])
        environment["OPENAI_API_KEY"] = "sk-wrong-key-123456"
        let wrong = try Self.run(["-p", "0", "--online"], home, environment)
        #expect(wrong.code == 1 && wrong.out.contains("refuses the key (401): Incorrect key"))
        upstream.stop()
        let gone = try Self.run(["-p", "0", "--online"], home, environment)
        #expect(gone.code == 1 && gone.out.contains("cannot be reached") && gone.out.contains("-> start the service"))
    }
}
