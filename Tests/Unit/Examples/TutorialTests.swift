/// The tutorials: their code is that of Examples, and each step does what it says.
import Foundation
import Testing

@testable import Intercept

struct TutorialTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The blocks of Swift in a page, by the headings above them.
    private static func blocks(_ page: String) throws -> [(heading: String, code: String)] {
        var found: [(heading: String, code: String)] = []
        var heading = ""
        var code: [Substring]?
        for line in try text(page).split(separator: "\n", omittingEmptySubsequences: false) {
            if let lines = code {
                code = line == "```" ? nil : lines + [line]
                if line == "```" { found.append((heading, lines.joined(separator: "\n"))) }
            } else if line == "```swift" {
                code = []
            } else if line.hasPrefix("#") {
                heading = String(line)
            }
        }
        return found
    }

    // MARK: Pages

    @Test("the blocks of docs/add-a-backend.md, one below the other, are the example")
    func backend() throws {
        let blocks = try Self.blocks("docs/add-a-backend.md").map(\.code)
        #expect(blocks.count == 6)
        #expect(blocks.joined(separator: "\n\n") + "\n" == (try Self.text("Examples/Backends/OllamaNative.swift")))
    }

    /// The file of a step with the type's name as the page has it.
    private static func step(_ number: Int) throws -> String {
        try text("Examples/Tutorial/Minder\(number).swift").replacing("Minder\(number)", with: "Minder")
    }

    @Test(
        "each step of docs/add-an-interceptor.md adds its blocks to the step before, and nothing else", arguments: 1...5
    )
    func interceptor(number: Int) throws {
        let blocks = try Self.blocks("docs/add-an-interceptor.md").filter { $0.heading.hasPrefix("## \(number). ") }
        let file = try Self.step(number)
        #expect(!blocks.isEmpty)
        for block in blocks { #expect(file.contains(block.code)) }
        let before = number == 1 ? "" : try Self.step(number - 1)
        let known = (before + "\n" + blocks.map(\.code).joined(separator: "\n")).split(separator: "\n")
        let unexplained = file.split(separator: "\n").filter { !known.contains($0) }
        #expect(unexplained == [])
    }

    @Test("every Swift file that README.md shows is one of the examples")
    func readme() throws {
        let blocks = try Self.blocks("README.md").map(\.code)
        #expect(!blocks.isEmpty)
        let folder = Self.root.appendingPathComponent("Examples/Interceptors")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).map {
            try Self.text("Examples/Interceptors/\($0)")
        }
        for block in blocks { #expect(files.contains(block + "\n"), "not an example:\n\(block)") }
    }

    @Test("the page lists every example, and every example has a test and 10 to 50 lines")
    func list() throws {
        let page = try Self.text("docs/add-an-interceptor.md")
        let tests = try Self.text("Tests/Unit/Examples/InterceptorExamplesTests.swift")
        let folder = Self.root.appendingPathComponent("Examples/Interceptors")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.count == 12)
        for file in files {
            let name = file.replacing(".swift", with: "")
            #expect(page.contains("| [\(name)](../Examples/Interceptors/\(file)) |"))
            #expect(tests.contains("@Test(\"\(name): ") || tests.contains("        \"\(name): "))
            let lines = try Self.text("Examples/Interceptors/\(file)").split(separator: "\n")
            #expect((10...50).contains(lines.count), "\(file) has \(lines.count) lines")
        }
    }

    // MARK: Steps

    private static let minders: [any Interceptor] = [Minder1(), Minder2(), Minder3(), Minder4(), Minder5()]
    private static let answer: [Rehearsal.Part] = [
        .text(["a — ", "b—c"]), .call("Bash", #"{"command":"ls"}"#), .call("Bash", #"{"command":"git push -f"}"#),
        .call("Bash", "no JSON"), .call("Read", "{}"),
    ]

    @Test("each step does what it says and all that the steps before it do", arguments: 1...5)
    func steps(number: Int) async throws {
        let body =
            #"{"model":"claude-opus-5-5","max_tokens":32000,"tools":[{"name":"Bash"}],"messages":[{"role":"user","content":"hi"}]}"#
        let done = try await Rehearsal(
            [Self.minders[number - 1]], body, kind: .subagent, answer: Self.answer, stop: .toolUse)
        let name = "Minder\(number)"
        #expect(done.notes.first == "\(name) request note: claude-opus-5-5, 1 tools")
        #expect(done.request.model == (number >= 2 ? "claude-haiku-4-5" : "claude-opus-5-5"))
        #expect(done.request.maxTokens == (number >= 2 ? 8000 : 32000))
        #expect(done.blocks.first == (number >= 3 ? "text:a - b-c" : "text:a — b—c"))
        let (denied, broken) = (
            "text:Bash was not run: pushing is left to people.", "text:Bash was not run: no command."
        )
        let held = [#"tool Bash toolu_1:{"command":"ls","timeout":60000}"#, denied, broken, "tool Read toolu_4:{}"]
        let free = [
            #"tool Bash toolu_1:{"command":"ls"}"#, #"tool Bash toolu_2:{"command":"git push -f"}"#,
            "tool Bash toolu_3:no JSON", "tool Read toolu_4:{}",
        ]
        #expect(Array(done.blocks.dropFirst()) == (number >= 4 ? held : free))
        #expect((done.notes.last == "Minder5 finished note: ok, 1 commands") == (number == 5))
    }

    @Test("the last step is required: without it nothing goes on")
    func required() { #expect(Minder5().isRequired && !Minder4().isRequired) }
}
