/// Notes below tables, hints of failures, and sessions in narrow terminals.
import Testing

@testable import Intercept
@testable import Recorder
@testable import claudecodex

@Suite struct NotesTests {
    @Test("a note is wrapped behind its title, and whole where there is no width")
    func wrapped() {
        let notes = [(title: "unpriced", text: "2 requests of a model whose name is long")]
        #expect(
            Text.notes(notes, 32) == [
                "unpriced   2 requests of a model", "           whose name is long",
            ])
        let list = [(title: "sequences", text: "Bash>Bash 1   Bash>Glob 1")]
        #expect(Text.notes(list, 80) == ["sequences  Bash>Bash 1   Bash>Glob 1"])
        #expect(Text.notes(notes, nil) == ["unpriced   2 requests of a model whose name is long"])
    }

    @Test("what to do stands apart from what is wrong")
    func todo() {
        let finding = Finding.fail("backend", Failure(.configuration, "b: neither A; nor B is set; set the key"))
        #expect(finding.text == "b: neither A; nor B is set" && finding.todo == ["set the key"])
        let hinted = Finding.fail("backend", .configuration("no; such", "try x"))
        #expect(hinted.text == "no; such" && hinted.todo == ["try x"])
    }

    @Test("a directory that cannot be made is seen, and none is left behind")
    func refusal() {
        #expect(FileFacts.refusal(of: "/proc/x/y", in: "/proc") != nil)
        #expect(FileFacts.refusal(of: "/tmp/claudecodex-none/y", in: "/tmp") == nil)
        #expect(FileFacts("/tmp/claudecodex-none") == nil)
        let finding = DoctorMachine.logs(
            "/proc/x", shown: "/proc/x", nil, parent: FileFacts("/tmp"), parentPath: "/proc", free: 0,
            refusal: "No such file or directory")
        #expect(finding.text == "/proc/x cannot be made: No such file or directory" && finding.level == .fail)
    }

    @Test("a row of sessions fits 80 columns, whatever it holds", arguments: [80, 99, 120])
    func sessions(_ columns: Int) throws {
        var list = SessionList(PriceList())
        func take(_ line: String) throws { list.take(TraceRecord(json: try JSON.parse(Array(line.utf8)))) }
        let of = #""session":"11111111-2222","ts":"2026-11-29T15:29:00Z""#
        for id in 1...3 {
            try take(
                #"{"type":"request","id":"\#(id)",\#(of),"path":"/v1/messages","model":"claude-opus-5-5-of-the-house"}"#
            )
            try take(#"{"type":"tool_call","id":"\#(id)",\#(of)}"#)
            try take(#"{"type":"tool_result","id":"\#(id)","is_error":true,\#(of)}"#)
        }
        try take(#"{"type":"end","id":"1",\#(of),"outcome":"refused"}"#)
        let terminal = Terminal(color: "never", isTerminal: true, width: columns, Environment())
        let lines = Sessions.table(list.rows, isNarrow: columns < 100).lines(terminal)
        #expect(lines.count == 2 && lines.allSatisfy { Text.width($0) <= columns })
        #expect(lines[1].hasPrefix("11111111") && lines[1].hasSuffix("?  1 (2 open)"))
    }

    @Test("a time that is too long is told what is the longest")
    func limits() {
        guard case .failure(let problem) = FaultRule.parse("wait=99999999999s") else {
            Issue.record("taken")
            return
        }
        #expect(problem.text.contains("from 0 to 500h"))
        #expect(Quantity.milliseconds("500h") == Quantity.mostMilliseconds && Quantity.milliseconds("501h") == nil)
    }
}
