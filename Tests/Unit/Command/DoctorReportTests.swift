/// The findings of `doctor` as text and as JSON.
import Testing

@testable import Intercept
@testable import claudecodex

@Suite struct DoctorReportTests {
    private static let findings: [Finding] = [
        .ok("port", "127.0.0.1:8082 is free"), .note("backend", "also possible: anthropic", todo: "choose with -b"),
        .warn("logs", "others may look into it", details: ["a \u{1B}[2J detail"], todo: "chmod 700 logs"),
        .fail("key", "OPENAI_API_KEY holds a blank", todo: "copy it again", "or make another"),
    ]

    private static func terminal(_ columns: Int? = nil, color: String = "never") -> Terminal {
        Terminal(color: color, isTerminal: columns != nil, width: columns, Environment())
    }

    @Test("one line for each, what to do below")
    func text() {
        #expect(
            DoctorReport(findings: Self.findings).text(Self.terminal()) == """
                ok    port: 127.0.0.1:8082 is free
                note  backend: also possible: anthropic
                      -> choose with -b
                warn  logs: others may look into it
                        a \\x1b[2J detail
                      -> chmod 700 logs
                FAIL  key: OPENAI_API_KEY holds a blank
                      -> copy it again
                      -> or make another

                1 problem, 1 warning

                """)
        #expect(DoctorReport(findings: [Self.findings[0]]).text(Self.terminal()).hasSuffix("\n\nno problems\n"))
    }

    @Test("lines are wrapped to the width, and stay in their column", arguments: [40, 80, 200])
    func width(columns: Int) {
        let long = String(repeating: "word ", count: 60) + "end"
        let report = DoctorReport(findings: [.warn("check", long, details: [long], todo: long)])
        let lines = report.text(Self.terminal(columns)).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count < columns })
        #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasPrefix("      ") })
        #expect(lines.count > 600 / columns)
    }

    @Test("colours stand for levels, and only where they are wanted")
    func color() {
        let text = DoctorReport(findings: Self.findings).text(Self.terminal(color: "always"))
        #expect(text.hasPrefix("\u{1B}[32mok\u{1B}[0m    port"))
        #expect(text.contains("\u{1B}[31mFAIL\u{1B}[0m  key") && text.contains("\u{1B}[33mwarn\u{1B}[0m"))
    }

    @Test("JSON has the same, with levels and numbers")
    func json() throws {
        let text = DoctorReport(findings: Self.findings).json
        #expect(
            text.hasPrefix(
                #"{"version":"0.1.0","problems":1,"warnings":1,"findings":[{"level":"ok","check":"port","text":"127.0.0.1:8082 is free"},"#
            ))
        let json = try JSON.parse(Array(text.utf8))
        let last = try #require(json["findings"]?.elements.map { $0 }.last)
        #expect(last["level"]?.string == "fail" && last["details"] == nil && last["todo"]?.count == 2)
    }
}
