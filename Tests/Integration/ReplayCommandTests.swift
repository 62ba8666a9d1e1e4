/// `claudecodex replay` as a program: damaged traces, exit codes, what it looks up, a command behind it.
import Foundation
import Testing

@testable import Backends
@testable import Intercept
@testable import Recorder
@testable import claudecodex

struct ReplayCommandTests {
    @Test("a torn trace: what is whole answers, the rest is named", .enabled(if: RecordingTests.program != nil))
    func torn() throws {
        let rig = try ReplayTests.Rig()
        let upstream = try ReplayTests.service()
        let requests = [Samples.request(text: "one"), Samples.request(text: "two")]
        let first = try rig.run("first", Samples.passThrough(upstream), requests)
        upstream.stop()
        let lines = try String(contentsOfFile: first.trace, encoding: .utf8).split(separator: "\n")
        let last = try #require(lines.lastIndex { $0.contains(#""type":"response""#) })
        let torn = lines[..<last].joined(separator: "\n") + "\n" + lines[last].prefix(40)
        try Data(torn.utf8).write(to: URL(fileURLWithPath: rig.folder + "/torn.jsonl"))
        let child = try Child(
            word: "replay", arguments: [rig.folder + "/torn.jsonl", "--log-dir", rig.folder + "/new"],
            folder: rig.folder,
            variables: [:])
        func ask(_ request: String) throws -> Answer {
            let client = try Client(port: child.port)
            try client.send(request)
            return try client.answer()
        }
        #expect(try ask(requests[0]).text == Samples.message)
        let answer = try ask(requests[1])
        #expect(answer.status == 404 && answer.message.contains("cannot answer: the trace ends before its answer"))
        #expect(child.terminate() == 1, "a request got no answer")
    }

    @Test(
        "a served replay in which every request was answered ends with 0", .enabled(if: RecordingTests.program != nil),
        arguments: [("hello", Int32(0)), ("other words", 1)])
    func code(_ text: String, _ code: Int32) throws {
        let rig = try ReplayTests.Rig()
        let upstream = try ReplayTests.service()
        let tools = #""tools":[{"name":"Read","input_schema":{"type":"object"}}]"#
        let first = try rig.run("first", Samples.passThrough(upstream), [Samples.request(text: "hello")])
        upstream.stop()
        let child = try Child(
            word: "replay", arguments: [first.trace, "--log-dir", rig.folder + "/new"], folder: rig.folder,
            variables: [:])
        let client = try Client(port: child.port)
        try client.send(text == "hello" ? Samples.request(text: text) : Samples.request(tools, text: text))
        #expect(try client.answer().status == (code == 0 ? 200 : 404))
        client.close()
        #expect(child.terminate() == code)
    }

    @Test("the trace is read again for a number of differences, and not when it is large")
    func lookups() throws {
        let rig = try ReplayTests.Rig()
        let upstream = try ReplayTests.service()
        let tools = #""tools":[{"name":"Read","input_schema":{"type":"object"}}]"#
        let first = try rig.run("first", Samples.passThrough(upstream), [Samples.request()])
        upstream.stop()
        let other = Samples.request(tools, text: "something else")
        let count = ReplaySource.mostLookups
        let asked = [String](repeating: other, count: count + 1)
        let few = try rig.replay("few", first.trace, asked).answers
        #expect(few[count - 1].message.contains("; first difference: tools"))
        #expect(
            few[count].message.contains("closest is #1") && few[count].message.contains("; more differences were not"))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: first.trace))
        let source = try rig.source(first.trace)
        try file.truncate(atOffset: UInt64(ReplaySource.largestFile + 1))
        try file.close()
        let large = try rig.run("large", ReplayBackend(models: [], summary: ""), [other], source: source).answers
        #expect(large[0].message.contains("; the difference was not looked up: the trace has 64 MB"))
    }

    @Test(
        "a command runs in front of its trace, and its code comes through", .enabled(if: RecordingTests.program != nil))
    func command() throws {
        let rig = try ReplayTests.Rig()
        let upstream = try ReplayTests.service()
        let first = try rig.run("first", Samples.passThrough(upstream), [Samples.request()])
        upstream.stop()
        let script = #"test -n "$ANTHROPIC_BASE_URL" && exit 7"#
        let run = try CommandRun(
            ["replay", first.trace, "--log-dir", rig.folder + "/new", "--", "sh", "-c", script], folder: rig.folder)
        #expect(run.code == 7, "\(run.err)")
        #expect(run.err.contains("1 request of 0 sessions, from run-first.jsonl"), "\(run.err)")
    }

    @Test(
        "what is wrong on the command line is named", .enabled(if: RecordingTests.program != nil),
        arguments: [
            (["replay"], Int32(64), "replay: which trace?"),
            (["replay", "/nowhere.jsonl"], 65, "no trace /nowhere.jsonl"),
            (["replay", "last", "--pace", "fast"], 64, "--pace fast: expected instant, recorded, or xN"),
            (["replay", "last", "--from", "-1"], 64, "--from -1: expected how many"),
            (["replay", "last", "--on-miss", "guess"], 64, "--on-miss guess"),
        ])
    func mistakes(_ arguments: [String], _ code: Int32, _ words: String) throws {
        let run = try CommandRun(arguments)
        #expect(run.code == code && run.err.contains(words), "\(run.err)")
    }
}
