/// Tables on wide and narrow terminals.
import Testing

@testable import Intercept
@testable import claudecodex

struct NarrowTableTests {
    private static func lines(_ columns: Int?) -> [String] {
        var table = Table([
            .init(title: "name", isFlexible: true), .init(title: "number", isRight: true),
            .init(title: "first to go", dropRank: 2), .init(title: "second", dropRank: 1),
        ])
        table.add(["a name that is rather long", "12", "x", "y\u{1B}[2J"])
        table.add(["漢字", "3", "", ""])
        let environment = Environment(columns.map { ["COLUMNS": "\($0)"] } ?? [:])
        return table.lines(Terminal(color: "never", isTerminal: false, width: nil, environment))
    }

    @Test("without a limit everything is shown, control characters visibly")
    func whole() {
        #expect(
            Self.lines(nil) == [
                "name                        number  first to go  second",
                "a name that is rather long      12  x            y\\x1b[2J",
                "漢字                             3",
            ])
    }

    @Test("the flexible column gives way before columns are left out")
    func cut() {
        #expect(Self.lines(50)[0] == "name                 number  first to go  second")
        #expect(Self.lines(50)[1] == "a name that is rat…      12  x            y\\x1b[2J")
    }

    @Test("columns are left out in the order of their ranks; no line is longer than the terminal", arguments: 20..<60)
    func fits(_ columns: Int) {
        let lines = Self.lines(columns)
        #expect(lines.allSatisfy { Text.width($0) <= columns })
        #expect(lines[0].contains("number"))
        #expect(!lines[0].contains("first") || lines[0].contains("second"))
    }
}
