/// The limits, and what the page about security says of them.
import Foundation
import Testing

@testable import Intercept

struct LimitsTests {
    /// The names and values of all limits.
    private static var all: [(name: String, value: Int)] {
        func fields(_ value: Any) -> [(String, Int)] {
            Mirror(reflecting: value).children.flatMap { child -> [(String, Int)] in
                if let number = child.value as? Int { return [(child.label ?? "", number)] }
                return fields(child.value)
            }
        }
        return fields(Limits())
    }

    /// As the page spells it: times in s or min, sizes in kB, MB or GB of 1024.
    private static func words(_ name: String, _ value: Int) -> String {
        if name.hasSuffix("MS") { return value % 60_000 == 0 ? "\(value / 60_000) min" : "\(value / 1000) s" }
        for (unit, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)] where value >= size && value % size == 0
        {
            return name.hasPrefix("maxC") || name.hasPrefix("maxE") ? "\(value)" : "\(value / size) \(unit)"
        }
        return "\(value)"
    }

    @Test("docs/security.md has a row for each limit, with its value")
    func documented() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/security.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(Self.all.count > 20)
        for (name, value) in Self.all {
            let row = rows.first { $0.hasSuffix("| `\(name)` |") }
            let expected = "| \(Self.words(name, value)) |"
            #expect(row?.contains(expected) ?? false, "\(name): no row with \(expected)")
        }
        let named = rows.filter { $0.hasSuffix("` |") && $0.contains("| `") }.count
        #expect(named == Self.all.count, "a row for a limit that does not exist")
    }

    @Test("a time in words", arguments: [(600_000, "600 s"), (60, "60 ms"), (1500, "1500 ms")])
    func time(milliseconds: Int, words: String) { #expect(Limits.words(milliseconds) == words) }

    @Test("deadlines are looked at often enough for the shortest")
    func tick() {
        var limits = Limits()
        limits.writeTimeoutMS = 80
        #expect(limits.tickMS == 20)
        #expect(Limits().tickMS == 1000)
    }

    @Test("bodies together have a limit")
    func budget() {
        let budget = BodyBudget(limit: 10)
        #expect(budget.take(6) && !budget.take(5) && budget.take(4))
        budget.give(10)
        #expect(budget.held == 0 && budget.take(10))
    }

    @Test("an answer without end is given up, and so are arguments without end")
    func weight() throws {
        var limits = Limits()
        limits.maxAnswer = 10
        limits.maxToolCall = 4
        var weight = AnswerWeight(limits)
        try weight.add([UInt8](repeating: 0, count: 10))
        let tooLong = #expect(throws: MessageError.self) { try weight.add([0]) }
        #expect(tooLong?.message.contains("more than 10 bytes") ?? false)
        func arguments(_ block: Int) -> MessageEvent { .blockDelta(index: block, delta: .inputJSON("ab")) }
        try weight.add(arguments(0))
        try weight.add(arguments(0))
        try weight.add(arguments(1))
        try weight.add(arguments(1))
        try weight.add(.blockDelta(index: 1, delta: .text("a longer text")))
        let call = #expect(throws: MessageError.self) { try weight.add(arguments(1)) }
        #expect(call?.message.contains("one tool call have more than 4 bytes") ?? false)
    }
}
