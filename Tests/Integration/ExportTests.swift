/// `claudecodex export` and `import`, by what others make of their output.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import Recorder

@Suite(.enabled(if: RecordingTests.program != nil))
struct ExportTests {
    private static let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/goldens/demo/logs").path

    /// Records exchanges with these bodies; gives the directory of the trace.
    func record(_ bodies: String..., home: Home) throws -> String {
        let logs = home.path + "/logs"
        let recorder = try Recorder(
            configuration: RecorderConfiguration(
                directory: logs, file: .run("t"), redactKey: Identifier.random(32), program: "claudecodex",
                version: "0", backend: "anthropic")
        ) { Issue.record("\($0)") }
        let upstream = try ScriptedUpstream { _, reply in try reply.answer(200, Samples.message) }
        let proxy = try Proxy(Samples.passThrough(upstream), observers: [recorder])
        let client = try proxy.client()
        for (place, body) in bodies.enumerated() {
            try client.send(
                Wire.request(
                    "POST /v1/messages?beta=true&q=[a]{b}", body: body,
                    fields:
                        "x-claude-code-session-id: s-1-exported\r\nanthropic-version: 2023-06-01\r\nanthropic-beta: it's-a-beta\r\nx-api-key: sk-ant-api03-secretsecretsecret\r\n"
                ))
            #expect(try client.answer().status == 200)
            eventually("the end is recorded") { proxy.trace.outcomes.count == place + 1 }
        }
        proxy.stop()
        recorder.close()
        return logs
    }

    static let shells = ["/bin/sh", "/usr/bin/dash", "/bin/bash", "/usr/bin/zsh"].filter {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test("the curl command sends the recorded bytes, whatever is in them, under every shell", arguments: shells)
    func curl(shell: String) throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/curl") else { return }
        let home = try Home()
        let odd = #"it's $HOME `id` $(id) \\ \" %s %% !! \n \u0000 ä € 🎉 'x' "#
        let long = String(repeating: "0123456789abcdef", count: 12_000)
        let body = Samples.body(stream: false, #""x":[ 1,2 ]"#, text: odd + long)
        let logs = try record(body, home: home)
        let made = try CommandRun(["export", "curl", "last", "--log-dir", logs, "-o", "again.sh"], home: home)
        #expect(made.code == 0 && made.err == "" && made.out == "")
        let service = try ScriptedUpstream { _, reply in try reply.answer(200, "{}") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: shell)
        process.arguments = [home.path + "/again.sh"]
        process.environment = [
            "PATH": "/usr/bin:/bin", "ANTHROPIC_BASE_URL": service.url, "ANTHROPIC_API_KEY": "key-of-the-test",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let request = try #require(service.requests.first)
        #expect(request.body == Array(body.utf8))
        #expect(request.method == "POST" && request.target == "/v1/messages?beta=true&q=[a]{b}")
        #expect(request.fields["x-api-key"] == "key-of-the-test" && request.fields["anthropic-beta"] == "it's-a-beta")
    }

    @Test("one request is asked for, and many are refused with the last one's name")
    func many() throws {
        let home = try Home()
        let run = try CommandRun(["export", "curl", "--log-dir", Self.demo], home: home)
        #expect(run.code == 64 && run.out == "")
        #expect(
            run.err.hasPrefix(
                "claudecodex: export curl takes one request, 6 fit\n  the last of them: export curl last#6"))
        let one = try CommandRun(["export", "curl", "last", "error", "--log-dir", Self.demo], home: home)
        #expect(one.code == 0 && one.out.hasPrefix("printf %s '{"))
    }

    @Test("nothing that fits: code 1, and no file")
    func nothing() throws {
        let home = try Home()
        for form in ["har", "md", "csv", "curl"] {
            let run = try CommandRun(
                ["export", form, "last", "model=none", "--log-dir", Self.demo, "-o", "x"], home: home)
            #expect(run.code == 1 && run.err == "claudecodex: nothing fits\n", "\(form)")
            #expect(!FileManager.default.fileExists(atPath: home.path + "/x"))
        }
    }

    @Test("what was recorded without redaction is refused, unless it is wanted so")
    func unsafe() throws {
        let home = try Home()
        let demo = ["demo", "--log-dir", "logs"]
        #expect(try CommandRun(demo, home: home).code == 0)
        let file = try #require(TraceReader.files(in: home.path + "/logs").first)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try home.write("logs/run-off.jsonl", text.replacing(#""redact":"tokens""#, with: #""redact":"off""#))
        let refused = try CommandRun(["export", "har", "logs/run-off.jsonl"], home: home)
        #expect(refused.code == 64 && refused.out == "")
        #expect(refused.err.contains("was recorded with --redact off") && refused.err.contains("--unsafe"))
        #expect(try CommandRun(["export", "har", "logs/run-off.jsonl", "--unsafe"], home: home).code == 0)
    }

    @Test("a file is for its user alone, and no trace is written over")
    func files() throws {
        let home = try Home()
        try home.write(
            "logs/run-1.jsonl", try String(contentsOfFile: TraceReader.files(in: Self.demo)[0], encoding: .utf8))
        #expect(try CommandRun(["export", "md", "--log-dir", "logs", "-o", "s.md"], home: home).code == 0)
        let attributes = try FileManager.default.attributesOfItem(atPath: home.path + "/s.md")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try home.write("open.md", "what others could read")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: home.path + "/open.md")
        #expect(try CommandRun(["export", "md", "--log-dir", "logs", "-o", "open.md"], home: home).code == 0)
        let closed = try FileManager.default.attributesOfItem(atPath: home.path + "/open.md")
        #expect(closed[.posixPermissions] as? Int == 0o600)
        #expect(try String(contentsOfFile: home.path + "/open.md", encoding: .utf8).hasPrefix("# Session"))
        let over = try CommandRun(["export", "md", "--log-dir", "logs", "-o", "logs/run-1.jsonl"], home: home)
        #expect(over.code == 64 && over.err.contains("is the trace that is read"))
        let folder = try CommandRun(["export", "md", "--log-dir", "logs", "-o", "logs"], home: home)
        #expect(folder.code == 64)
        #expect(try CommandRun(["tools", "--log-dir", "logs"], home: home).code == 0)
        let full = try CommandRun(["export", "har", "--log-dir", "logs", "-o", "/dev/full"], home: home)
        #expect(full.code == 74 && full.err.contains("cannot write /dev/full"))
    }

    @Test("a fixture needs a place, and does not overwrite another")
    func fixtures() throws {
        let home = try Home()
        #expect(try CommandRun(["export", "fixture", "--log-dir", Self.demo], home: home).code == 64)
        let arguments = ["export", "fixture", "last#1", "--log-dir", Self.demo, "-o", "fixtures"]
        let first = try CommandRun(arguments, home: home)
        #expect(first.code == 0 && first.out == "")
        let folder = "fixtures/openai_chat/" + (first.err.split(separator: "/").last?.prefix { $0 != ":" } ?? "")
        let names = try FileManager.default.contentsOfDirectory(atPath: home.path + "/" + folder).sorted()
        #expect(
            names == [
                "events.sse", "headers.json", "notes.md", "request.json", "upstream.bytes", "upstream.json",
                "variables.json",
            ])
        let again = try CommandRun(arguments, home: home)
        #expect(again.code == 74 && again.err.contains("is there already"))
        // The others are made all the same.
        let all = ["export", "fixture", "--log-dir", Self.demo, "-o", "fixtures"]
        #expect(try CommandRun(all, home: home).code == 74)
        let cases = try FileManager.default.contentsOfDirectory(atPath: home.path + "/fixtures/openai_chat")
        #expect(cases.count == 6 && cases.allSatisfy { $0.hasPrefix("stream_") }, "\(cases)")
    }

    @Test("a fixture is written wholly or not at all")
    func half() throws {
        let home = try Home()
        let script = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\""
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", script, RecordingTests.program ?? "", "export", "fixture", "last#1", "--log-dir", Self.demo, "-o",
            "f",
        ]
        process.currentDirectoryURL = URL(fileURLWithPath: home.path)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 74)
        let left = try FileManager.default.contentsOfDirectory(atPath: home.path + "/f/openai_chat")
        #expect(left.isEmpty, "\(left)")
    }

    @Test("no id of an exchange leads out of the directory of fixtures")
    func ids() throws {
        let home = try Home()
        let text = try String(contentsOfFile: TraceReader.files(in: Self.demo)[0], encoding: .utf8)
        let id = try #require(text.firstMatch(of: #/"id":"([0-9a-f-]{36})"/#)?.1)
        try home.write("logs/run-1.jsonl", text.replacing(id, with: "abc/../../../xi"))
        let run = try CommandRun(["export", "fixture", "--log-dir", "logs", "-o", "a/b/c/fixtures"], home: home)
        #expect(run.code == 0, "\(run.err)")
        let made = FileManager.default.enumerator(atPath: home.path + "/a")?.allObjects as? [String] ?? []
        #expect(made.allSatisfy { "b/c/fixtures".hasPrefix($0) || $0.hasPrefix("b/c/fixtures/openai_chat") }, "\(made)")
        #expect(made.count { $0.hasSuffix("request.json") } == 6)
    }

    /// The demo's trace without a stretch in the middle of its first answer.
    private func damaged(_ home: Home) throws -> [String] {
        let text = try String(contentsOfFile: TraceReader.files(in: Self.demo)[0], encoding: .utf8)
        let lines = text.split(separator: "\n")
        let place = try #require(
            lines.firstIndex { $0.contains(#""type":"events""#) && $0.contains(#""side":"client""#) })
        let parted = lines.enumerated().flatMap { at, line -> [String] in
            guard at == place else { return [String(line)] }
            return [String(line), String(line.replacing(#""part":0"#, with: #""part":2"#))]
        }
        try home.write("logs/run-1.jsonl", parted.joined(separator: "\n") + "\n")
        return ["--log-dir", "logs"]
    }

    @Test("a lost stretch of an answer is said by everything that shows or exports it")
    func lost() throws {
        let home = try Home()
        let logs = try damaged(home)
        let words = "a stretch of the answer is not in the trace (side client, part 1)"
        for command in ["export har", "export md last", "show last#1", "show last#1 --json"] {
            let run = try CommandRun(command.split(separator: " ").map(String.init) + logs, home: home)
            #expect(run.code == 0 && run.out.contains(words), "\(command)")
        }
        for command in ["show last#1 --reply", "show last#1 --events", "export fixture last#1 -o f"] {
            let run = try CommandRun(command.split(separator: " ").map(String.init) + logs, home: home)
            #expect(run.code == 0 && run.err.contains(words), "\(command): \(run.err)")
        }
        let folders = FileManager.default.enumerator(atPath: home.path + "/f")?.allObjects as? [String] ?? []
        #expect(folders.contains { $0.hasSuffix("upstream.bytes") } && !folders.contains { $0.hasSuffix("events.sse") })
    }

    @Test("an import is found by the commands that read traces, once however often it is made")
    func importing() throws {
        let home = try Home()
        let line = { (uuid: String, parent: String, type: String, message: String) in
            #"{"parentUuid":\#(parent),"isSidechain":false,"sessionId":"5f0c1111-1","type":"\#(type)","uuid":"\#(uuid)","timestamp":"2026-11-29T12:00:00.000Z","message":\#(message)}"#
        }
        try home.write(
            "projects/5f0c.jsonl",
            [
                line("u", "null", "user", #"{"role":"user","content":"look"}"#),
                line(
                    "a", "\"u\"", "assistant",
                    #"{"id":"m","role":"assistant","model":"claude-x","content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}],"usage":{"input_tokens":3,"output_tokens":5}}"#
                ), #"{"type":"file-history-snapshot","messageId":"x"}"#,
            ].joined(separator: "\n"))
        for verb in ["into", "again into"] {
            let run = try CommandRun(["import", "projects/5f0c.jsonl", "--log-dir", "logs"], home: home)
            #expect(run.code == 0 && run.out == "")
            #expect(
                run.err
                    == "projects/5f0c.jsonl: claude-code, 1 exchange of 1 session \(verb) logs/import-5f0c.jsonl\n"
                    + "  lines without an exchange: 1 file-history-snapshot\n")
        }
        let sessions = try CommandRun(["sessions", "--json", "--log-dir", "logs"], home: home)
        let rows = try JSON.parse(Array(sessions.out.utf8))
        #expect(rows.count == 1)
        let row = try #require(rows.elements.first { _ in true })
        #expect(row["exchanges"]?.int == 1 && row["tool_calls"]?.int == 1 && row["output_tokens"]?.int == 5)
        let markdown = try CommandRun(["export", "md", "--log-dir", "logs"], home: home)
        #expect(markdown.out.contains("Tool call `Bash` `t`"))
        let wrong = try CommandRun(["import", "nowhere.jsonl", "projects", "--log-dir", "logs"], home: home)
        #expect(wrong.code == 65 && wrong.err.split(separator: "\n").count == 2)
    }
}
