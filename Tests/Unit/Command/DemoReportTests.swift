/// What `demo` says about its trace.
import Testing

@testable import Intercept
@testable import Recorder
@testable import claudecodex

@Suite struct DemoReportTests {
    private static func text(
        of lines: [String] = [], columns: Int? = nil, color: String = "never"
    ) throws -> String {
        var summary = TraceSummary()
        for line in lines { summary.take(TraceRecord(json: try JSON.parse(Array(line.utf8)))) }
        let terminal = Terminal(color: color, isTerminal: columns != nil, width: columns, Environment())
        return DemoReport(terminal: terminal, trace: "~/logs/run-demo.jsonl").text(summary)
    }

    @Test("nothing to tell is told as well")
    func empty() throws {
        #expect(
            try Self.text() == """
                exchanges  0
                tokens     0 in, 0 out
                tools      none was called
                losses     none
                trace      0 records in
                           ~/logs/run-demo.jsonl
                go on      claudecodex tools last              what the tools did
                           claudecodex run -b demo -- claude   the real client with this script
                           claudecodex run -- claude           a session of yours, recorded

                """)
    }

    @Test("long reasons are cut to the width")
    func width() throws {
        let why = String(repeating: "why ", count: 40)
        let lost = #"{"type":"translation","id":"a","losses":[{"op":"drop","path":"speed","why":"\#(why)"}]}"#
        let lines = try Self.text(of: [lost], columns: 60).split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("losses     1x drop speed: why") && $0.hasSuffix("…") && $0.count <= 60 })
    }

    @Test("commands stand out where there are colours")
    func color() throws {
        #expect(try Self.text(color: "always").contains("\u{1B}[36mclaudecodex run -- claude\u{1B}[0m"))
    }
}
