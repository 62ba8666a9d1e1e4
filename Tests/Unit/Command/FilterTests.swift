/// The filter language of the reading commands.
import Testing

@testable import Intercept
@testable import claudecodex

struct FilterTests {
    static let fields = Filter.Fields(
        names: ["tool", "gap", "error", "hit", "time", "model"], searched: ["tool", "model"])
    static let now = Timestamp(rfc3339: "2026-11-21T12:00:00.000Z") ?? .now()

    static func lookup(_ field: String) -> Filter.Value? {
        switch field {
        case "tool": .text("Bash")
        case "gap": .number(2500)
        case "error": .flag(true)
        case "hit": .number(0.5)
        case "time": .text("2026-11-21T11:30:00.000Z")
        default: nil
        }
    }

    static let cases: [(String, Bool)] = [
        ("tool=bash", true), ("tool=Ba", false), ("tool!=Read", true), ("tool~as", true), ("tool!~as", false),
        ("gap>2s", true), ("gap>=2500", true), ("gap<2500ms", false), ("gap<=2.5s", true), ("gap>1m", false),
        ("error", true), ("error=false", false), ("error=true", true), ("hit<60%", true), ("hit>60%", false),
        ("bas", true), ("xyz", false), ("model", false), ("model=x", false), ("model!=x", true), ("tool", true),
        ("since=1h", true), ("since=10m", false), ("since=2d", true), ("since=2026-11-21", true),
        ("since=2026-11-21T11:45", false), ("since=2026-11-22", false),
    ]

    @Test("a term holds or not", arguments: cases)
    func term(text: String, expected: Bool) throws {
        #expect(try Filter([text], Self.fields, now: Self.now).matches(Self.lookup) == expected)
    }

    @Test("several terms must all hold, none always holds")
    func all() throws {
        #expect(try Filter([], Self.fields).matches(Self.lookup))
        #expect(try Filter(["tool=Bash", "error"], Self.fields).matches(Self.lookup))
        #expect(try !Filter(["tool=Bash", "gap>1h"], Self.fields).matches(Self.lookup))
    }

    @Test(
        "a wrong term is refused with its text and what would be right",
        arguments: [
            ("tol=x", "filter 'tol=x': there is no field 'tol'; did you mean 'tool'?"),
            ("gap>fast", "filter 'gap>fast': 'fast' is no number"),
            ("since=soon", "filter 'since=soon': expected a duration or a date"),
            ("since>1h", "filter 'since>1h': write since=1h"),
        ])
    func wrong(text: String, message: String) throws {
        let failure = #expect(throws: Failure.self) { try Filter([text], Self.fields) }
        #expect(
            failure?.message == message && failure?.code == .usage && failure?.hints.isEmpty == (text == "since>1h"))
    }
}

struct TableTests {
    static let terminal = Terminal(color: "never", isTerminal: true, width: 40, Environment())

    @Test("columns are as wide as they need to be; wide and joining characters count as the terminal counts them")
    func widths() {
        var table = Table([.init(title: "a"), .init(title: "n", isRight: true)])
        table.add(["漢字", "1"])
        table.add(["e\u{301}x", "10"])
        #expect(table.lines(Self.terminal) == ["a      n", "漢字   1", "e\u{301}x    10"])
    }

    @Test("the flexible column gives way on a narrow terminal, and nothing reaches the terminal raw")
    func narrow() {
        var table = Table([.init(title: "x"), .init(title: "text", isFlexible: true), .init(title: "n")])
        table.add(["1", "\u{1B}[31mred" + String(repeating: "y", count: 100), "9"])
        let lines = table.lines(Self.terminal)
        #expect(lines[1].hasPrefix("1  \\x1b[31mred") && lines[1].hasSuffix("…  9"))
        #expect(Text.width(lines[1]) == 40)
        let pipe = Terminal(color: "auto", isTerminal: false, width: nil, Environment())
        #expect(table.lines(pipe)[1].count > 100)
    }

    @Test("bars are eighths of a block on a terminal and signs elsewhere; the least is visible")
    func bars() {
        #expect(Bar.text(100, of: 100, isPlain: false) == "██████████")
        #expect(Bar.text(1, of: 16, isPlain: false) == "▋")
        #expect(Bar.text(1, of: 100_000, isPlain: false) == "▏")
        #expect(Bar.text(1, of: 100_000, isPlain: true) == "#")
        #expect(Bar.text(0, of: 9, isPlain: true) == "" && Bar.text(1, of: 0, isPlain: true) == "")
    }
}

struct TimestampReadingTests {
    @Test(
        "a time of day is read as it was written",
        arguments: [
            "1970-01-01T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "2026-11-21T12:09:03.980Z",
            "2100-03-01T00:00:00.001Z",
        ])
    func roundTrip(text: String) throws {
        #expect(try #require(Timestamp(rfc3339: text)).rfc3339 == text)
    }

    @Test(
        "other spellings are nil",
        arguments: ["", "2026-11-21", "2026-11-21T12:09:03.980+0", "2026-xx-21T12:09:03.980Z"])
    func other(text: String) { #expect(Timestamp(rfc3339: text) == nil) }
}
