/// Each example of Examples/Interceptors at work.
import Foundation
import Testing

@testable import Intercept

struct InterceptorExamplesTests {
    @Test("BashTimeout: shell commands get a timeout, other calls are left alone")
    func bashTimeout() async throws {
        let calls: [Rehearsal.Part] = [
            .call("Bash", #"{"command":"ls"}"#), .call("Bash", #"{"command":"ls","timeout":600000}"#),
            .call("Bash", #"{"timeout":5,"command":"ls"}"#), .call("Read", #"{"file_path":"/x"}"#),
            .call("Bash", "no JSON"),
        ]
        let done = try await Rehearsal([BashTimeout(most: 60_000)], answer: calls, stop: .toolUse)
        #expect(
            done.blocks == [
                #"tool Bash toolu_0:{"command":"ls","timeout":60000}"#,
                #"tool Bash toolu_1:{"command":"ls","timeout":60000}"#,
                #"tool Bash toolu_2:{"timeout":5,"command":"ls"}"#,
                #"tool Read toolu_3:{"file_path":"/x"}"#, "tool Bash toolu_4:no JSON",
            ])
        #expect(done.stopReason == .toolUse && done.notes.count == 2)
    }

    @Test("Budget: a session that has had its share is refused, another one is not")
    func budget() async throws {
        let budget = Budget(most: 100)
        for _ in 0..<2 {
            #expect(try await Rehearsal([budget], session: "a", output: 60).verdict == .pass)
        }
        guard case .refuse(let error) = try await Rehearsal([budget], session: "a").verdict else {
            Issue.record("not refused")
            return
        }
        #expect(error.status == 403 && error.shouldRetry == false)
        #expect(
            error.message == "this session has used 120 of 100 output tokens; start another one, or raise the budget")
        #expect(try await Rehearsal([budget], session: "b").verdict == .pass)
    }

    @Test("CannedAnswer: one prompt is answered without a model", arguments: ["ping", "ping?"])
    func cannedAnswer(prompt: String) async throws {
        let reminder = #"{"type":"text","text":"<system-reminder>today is Monday</system-reminder>"}"#
        let body =
            #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[\#(reminder),{"type":"text","text":"\#(prompt)"}]}]}"#
        let done = try await Rehearsal([CannedAnswer(prompt: "ping", answer: "pong")], body)
        #expect(done.verdict == (prompt == "ping" ? .answer("pong") : .pass))
    }

    @Test("CommandLog: every command is one line of the file")
    func commandLog() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let calls: [Rehearsal.Part] = [
            .call("Bash", #"{"command":"echo a\necho b"}"#), .call("Read", #"{"file_path":"/x"}"#),
            .call("Bash", #"{"command":"ls"}"#),
        ]
        let log = CommandLog(path: path)
        let done = try await Rehearsal([log], session: "s1", answer: calls, stop: .toolUse)
        #expect(done.blocks.count == 3 && done.notes.isEmpty)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(
            lines.map { $0.split(separator: " ").dropFirst().joined(separator: " ") } == [
                #"s1 echo a\necho b"#, "s1 ls",
            ])
    }

    @Test("CommandLog: where the file cannot be written, the call goes on and the trace says why")
    func commandLogBroken() async throws {
        let log = CommandLog(path: "/nowhere/commands.log")
        let done = try await Rehearsal([log], answer: [.call("Bash", #"{"command":"ls"}"#)], stop: .toolUse)
        #expect(done.blocks.count == 1)
        #expect(done.notes == ["CommandLog tool_call skip"])
        #expect(done.notebook.intercepts.first?.error?.contains("/nowhere/commands.log cannot be written") ?? false)
    }

    @Test("CutNotice: an answer that was cut off says so", arguments: [StopReason.maxTokens, .endTurn])
    func cutNotice(stop: StopReason) async throws {
        let done = try await Rehearsal([CutNotice()], answer: [.text(["a"]), .text(["b"])], stop: stop, output: 77)
        let isCut = stop == .maxTokens
        #expect(done.blocks == ["text:a", "text:b"] + (isCut ? ["text:[This answer was cut off at max_tokens.]"] : []))
        #expect(done.stopReason == stop)
        #expect(done.notes.first == (isCut ? "CutNotice event note: cut off after 77 tokens" : nil))
    }

    @Test("Leash: sub-agents get the small model, the eleventh call of an answer is denied")
    func leash() async throws {
        let calls = (1...11).map { Rehearsal.Part.call("Read", #"{"n":\#($0)}"#) }
        let done = try await Rehearsal([Leash()], kind: .subagent, answer: calls, stop: .toolUse)
        #expect(done.request.model == "gpt-5-mini")
        #expect(done.blocks.count == 11)
        #expect(done.blocks.last == "text:Read was not run: ten calls in one answer are enough.")
        #expect(try await Rehearsal([Leash()]).request.model == "claude-opus-5-5")
    }

    static let paths: [(call: (String, String), isDenied: Bool)] = [
        (("Write", #"{"file_path":"/srv/project/a/b.txt"}"#), false),
        (("Edit", #"{"file_path":"/srv/project/a/../b.txt"}"#), false),
        (("Write", #"{"file_path":"/srv/project/../secret"}"#), true),
        (("Write", #"{"file_path":"/srv/project2/x"}"#), true), (("Write", #"{"file_path":"a.txt"}"#), true),
        (("Write", #"{"file_path":"/srv/project/x","file_path":"/etc/passwd"}"#), true),
        (("Write", #"{"file_path":"/etc/passwd","file_path":"/srv/project/x"}"#), true),
        (("Write", #"{"content":"x"}"#), true), (("Write", "no JSON"), true),
        (("NotebookEdit", #"{"notebook_path":"/etc/x"}"#), true), (("Read", #"{"file_path":"/etc/passwd"}"#), false),
    ]

    @Test("ProjectFence: files are written inside the folder only", arguments: paths)
    func projectFence(call: (String, String), isDenied: Bool) async throws {
        let done = try await Rehearsal(
            [ProjectFence(folder: "/srv/project/")], answer: [.call(call.0, call.1)], stop: .toolUse)
        let denial = "text:\(call.0) was not run: files may be written in /srv/project/ only."
        #expect(done.blocks == [isDenied ? denial : "tool \(call.0) toolu_0:\(call.1)"])
        #expect(done.stopReason == (isDenied ? .endTurn : .toolUse))
    }

    @Test("SecretMask: words stay here, also where they need escapes")
    func secretMask() async throws {
        let body = Core.body(#""system":"my password is hunter2, the other a\"b\\c","x":{"y":["hunter2hunter2"]}"#)
        let done = try await Rehearsal([SecretMask(secrets: ["hunter2", #"a"b\c"#, ""])], body)
        #expect(
            done.body
                == Core.body(#""system":"my password is [masked], the other [masked]","x":{"y":["[masked][masked]"]}"#))
        #expect(try await !Rehearsal([SecretMask(secrets: ["hunter3"])], body).request.isChanged)
    }

    @Test("SecretMask: a body that would be broken is not sent")
    func secretMaskBroken() async throws {
        await #expect(throws: MessageError.self) { try await Rehearsal([SecretMask(secrets: ["model"])]) }
    }

    static let systems: [(String, String)] = [
        ("", ""), (#""system":"""#, ""), (#""system":"Be brief.""#, #"{"type":"text","text":"Be brief."},"#),
        (
            #""system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]"#,
            #"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},"#
        ),
    ]

    @Test("SystemReminder: the paragraph stands behind whatever prompt there was", arguments: systems)
    func systemReminder(system: String, before: String) async throws {
        let done = try await Rehearsal([SystemReminder(text: "Answer in \"French\".")], Core.body(system))
        let after = #"{"type":"text","text":"Answer in \"French\"."}"#
        #expect(done.body == Core.body(#""system":[\#(before)\#(after)]"#))
    }

    @Test("TokenCap: more than the cap becomes the cap, and thinking fits below it")
    func tokenCap() async throws {
        let message = #""messages":[{"role":"user","content":"hi"}]"#
        let thinking = #""thinking":{"type":"enabled","budget_tokens":31999}"#
        let done = try await Rehearsal(
            [TokenCap(most: 8192)], #"{"model":"m","max_tokens":32000,\#(message),\#(thinking)}"#)
        #expect(
            done.body
                == #"{"model":"m","max_tokens":8192,\#(message),"thinking":{"type":"enabled","budget_tokens":4096}}"#)
        #expect(try await !Rehearsal([TokenCap(most: 10)]).request.isChanged)
    }

    static let tools: [(String, String)] = [
        (#""tools":[{"name":"A"},{"name":"B"}]"#, #""tools":[{"name":"B"}]"#),
        (
            #""tools":[{"name":"B"}],"tool_choice":{"type":"auto"}"#,
            #""tools":[{"name":"B"}],"tool_choice":{"type":"auto"}"#
        ),
        (#""tools":[{"name":"A"},{"name":"B"}],"tool_choice":{"type":"tool","name":"A"}"#, #""tools":[{"name":"B"}]"#),
        (#""tools":[{"name":"A"}],"tool_choice":{"type":"any"}"#, ""), ("", ""),
    ]

    @Test("ToolStrip: tools are taken out, and a choice that names one of them", arguments: tools)
    func toolStrip(before: String, after: String) async throws {
        let done = try await Rehearsal([ToolStrip(names: ["A"])], Core.body(before))
        #expect(done.body == Core.body(after))
        #expect(done.request.isChanged == (before != after))
    }

    @Test(
        "Wording: a word is replaced however it is cut, and nothing else is lost",
        arguments: [1, 2, 3, 5, 100])
    func wording(size: Int) async throws {
        let text = "We utilize it; to utiliz is no word, utilizeutilize is one twice, and it ends in util"
        let pieces = Core.pieces(Array(text.utf8), of: size).map { Core.text($0) }
        let done = try await Rehearsal(
            [Wording(word: "utilize", by: "use")], answer: [.text(pieces), .text(["ilize"])])
        #expect(
            done.blocks == [
                "text:We use it; to utiliz is no word, useuse is one twice, and it ends in util", "text:ilize",
            ])
    }
}
