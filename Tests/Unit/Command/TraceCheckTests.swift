/// A trace as a test of the translators: committed traces of each backend are equal, and a change in them is found.
import Foundation
import Intercept
import Recorder
import Testing

@testable import claudecodex

@Suite struct TraceCheckTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/traces").standardized

    private static func lines(_ name: String) throws -> [String] {
        try String(contentsOf: folder.appending(path: "\(name).jsonl"), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    private static func check(_ file: String) throws -> CheckReport {
        var check = TraceCheck()
        _ = try check.read(file) { _ in true }
        check.finish { _ in true }
        return CheckReport(check.results)
    }

    /// The check of a changed copy.
    private static func check(lines: [String]) throws -> CheckReport {
        let file = FileManager.default.temporaryDirectory.appending(path: "check-\(UUID().uuidString).jsonl")
        try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        return try check(file.path)
    }

    private static let plain = Terminal(color: "never", isTerminal: false, width: nil, Environment())

    @Test(
        "each backend's trace is translated and decoded as it was recorded",
        arguments: [
            ("anthropic", 11, 0), ("bedrock_converse", 11, 9), ("bedrock_invoke", 11, 9), ("openai_chat", 11, 9),
            ("openai_chat_groq", 11, 9), ("openai_responses", 11, 9),
        ])
    func equal(_ name: String, requests: Int, answers: Int) throws {
        let report = try Self.check(Self.folder.appending(path: "\(name).jsonl").path)
        let lines = report.lines(Self.plain)
        #expect(lines[0] == "\(requests) requests translated again: \(requests) equal, 0 differ")
        #expect(lines[1] == "\(answers) answers decoded again: \(answers) equal, 0 differ")
        #expect(report.differing.isEmpty, "\(lines)")
    }

    /// The first `upstream` record with a whole body, changed; its hash would give the change away. Bodies that are the
    /// difference from this one count as damaged then.
    private static func changed(_ name: String, _ change: (String) -> String) throws -> CheckReport {
        var lines = try lines(name)
        let place = try #require(
            lines.firstIndex { $0.contains(#""type":"upstream""#) && !$0.contains(#""delta":"#) })
        let hash = try #require(lines[place].range(of: #""body_sha256":"[0-9a-f]+","#, options: .regularExpression))
        var line = lines[place]
        line.removeSubrange(hash)
        let other = change(line)
        #expect(other != line, "the change changes nothing")
        lines[place] = other
        return try check(lines: lines)
    }

    private static let translated = ["bedrock_converse", "bedrock_invoke", "openai_chat", "openai_responses"]

    @Test("a renamed field is found", arguments: translated)
    func renamed(name: String) throws {
        let field = ["bedrock_converse": "maxTokens", "openai_responses": "max_output_tokens"][name] ?? "max_"
        let report = try Self.changed(name) { $0.replacingOccurrences(of: #""\#(field)"#, with: #""\#(field)x"#) }
        let found = try #require(report.differing.first)
        #expect(found.number == 1)
        #expect(found.differences.map(\.path).contains { $0.contains(field) }, "\(found.differences)")
    }

    @Test("a dropped block of text is found", arguments: translated)
    func dropped(name: String) throws {
        let report = try Self.changed(name) { $0.replacingOccurrences(of: "Be short.", with: "") }
        #expect(report.differing.first?.number == 1)
    }

    @Test("tools in another order are found", arguments: translated)
    func reordered(name: String) throws {
        let report = try Self.changed(name) { line in
            let names = ["Read", "Bash"].map { #""name":"\#($0)""# }
            return line.replacingOccurrences(of: names[0], with: "@").replacingOccurrences(of: names[1], with: names[0])
                .replacingOccurrences(of: "@", with: names[1])
        }
        let found = try #require(report.differing.first)
        #expect(found.differences.contains { $0.path.contains("ools") || $0.path.contains("name") })
    }

    @Test("another order of members is found by the bytes", arguments: ["openai_chat"])
    func members(name: String) throws {
        let report = try Self.changed(name) { line in
            line.replacingOccurrences(
                of: #"{"role":"user","content":"#, with: #"{"content":"x","role":"user","content":"#)
        }
        #expect(report.differing.first?.differences.first?.path.hasPrefix("byte ") ?? false)
    }

    @Test(
        "another header field that carries meaning is found, others are not looked at",
        arguments: [
            ("openai_chat", "Accept", "text/event-stream", "accept"),
            ("bedrock_converse", "Content-Type", "application/json", "content-type"),
            ("anthropic", "anthropic-version", "2026-10-21", "anthropic-version"),
        ])
    func header(_ name: String, _ field: String, _ value: String, _ shown: String) throws {
        let recorded = #"{"name":"\#(field)","value":"\#(value)"}"#
        func lines(_ other: String) throws -> [String] {
            var lines = try Self.lines(name)
            let place = try #require(
                lines.firstIndex { $0.contains(#""type":"upstream""#) && $0.contains(recorded) })
            lines[place] = lines[place].replacingOccurrences(of: recorded, with: other)
            return lines
        }
        let found = try Self.check(lines: lines(#"{"name":"\#(field)","value":"other"}"#))
        #expect(
            found.differing.flatMap(\.differences)
                == [.init(text: "request", path: "headers.\(shown)", recorded: "other", now: value)])
        let gone = try Self.check(lines: lines(#"{"name":"x-trace","value":"1"}"#))
        #expect(
            gone.differing.flatMap(\.differences)
                == [.init(text: "request", path: "headers.\(shown)", recorded: nil, now: value)])
        let redacted = try Self.check(lines: lines(#"{"name":"\#(field)","value":"[redacted x hmac:00000000]"}"#))
        #expect(redacted.differing.isEmpty)
        let more = try Self.check(lines: lines(#"\#(recorded),{"name":"x-trace","value":"1"}"#))
        #expect(more.differing.isEmpty)
    }

    @Test("a changed answer is found with its event", arguments: translated)
    func answer(name: String) throws {
        let lines = try Self.lines(name).map { line in
            line.contains(#""side":"client""#) ? line.replacingOccurrences(of: "tool_use", with: "tool_used") : line
        }
        let report = try Self.check(lines: lines)
        let found = report.differing.flatMap(\.differences)
        #expect(!found.isEmpty && found.allSatisfy { $0.text == "answer" })
        #expect(found.contains { $0.path.hasPrefix("events[") && $0.recorded?.contains("tool_used") ?? false })
        #expect(report.lines(Self.plain)[0].hasSuffix("0 differ"))
    }

    @Test("a lost event is found")
    func event() throws {
        let lines = try Self.lines("openai_chat").map { line in
            guard line.contains(#""side":"client""#),
                let stop = line.range(
                    of: #",\[[0-9.]+,"message_stop",\{"type":"message_stop"\}\]"#, options: .regularExpression)
            else { return line }
            return line.replacingCharacters(in: stop, with: "")
        }
        let found = try Self.check(lines: lines).differing.flatMap(\.differences)
        #expect(!found.isEmpty && found.allSatisfy { $0.now == "message_stop" && $0.recorded == nil })
    }

    @Test("other words about a refusal are found")
    func refusal() throws {
        let lines = try Self.lines("openai_chat").map { line in
            line.contains(#""type":"error""#)
                ? line.replacingOccurrences(of: #""error_type":"rate_limit_error""#, with: #""error_type":"api_error""#)
                : line
        }
        let found = try Self.check(lines: lines).differing.flatMap(\.differences)
        #expect(found == [.init(text: "error", path: "error.type", recorded: "api_error", now: "rate_limit_error")])
    }

    @Test("what cannot be compared is counted and said")
    func reasons() throws {
        let lines = try Self.lines("openai_chat")
        let strict = lines.map { $0.replacingOccurrences(of: #""redact":"tokens""#, with: #""redact":"strict""#) }
        #expect(
            try Self.check(lines: strict).lines(Self.plain).last == "not compared: 11 recorded with --redact strict")
        let unknown = lines.map {
            $0.replacingOccurrences(of: #""backend":"openai_compatible""#, with: #""backend":"new""#)
        }
        let words = try Self.check(lines: unknown).lines(Self.plain)
        #expect(words.contains("not compared: 11 of a backend that cannot be made again"))
        #expect(words.contains("  no backend of this version is called 'new'"))
        let open = lines.filter { !$0.contains(#""type":"end""#) }
        #expect(try Self.check(lines: open).lines(Self.plain).last == "not compared: 11 without an answer in the trace")
        let cut = lines.filter { !$0.contains(#""type":"upstream""#) || !$0.contains(#""delta":"#) }
        #expect(try Self.check(lines: cut).differing.isEmpty)
    }

    @Test("a provider that only a variable named is known from the trace's settings")
    func settings() throws {
        let lines = try Self.lines("openai_chat_groq")
        #expect(lines[0].contains(#""settings":{"OPENAI_PROVIDER":"groq"}"#))
        let without = lines.map { $0.replacingOccurrences(of: #""settings":{"OPENAI_PROVIDER":"groq"},"#, with: "") }
        #expect(try !Self.check(lines: without).differing.isEmpty)
    }

    @Test("JSON has the counts, the reasons and the differences")
    func json() throws {
        let report = try Self.changed("openai_chat") { $0.replacingOccurrences(of: "Be short.", with: "Be long.") }
        let json = try JSON.parse(report.json(TraceScan.Damage()))
        #expect(json["requests"]?["differ"]?.int ?? 0 >= 1)
        let first = try #require(json["differences"]?.elements.first { _ in true })
        #expect(first["number"]?.int == 1 && first["text"]?.string == "request")
        #expect(first["recorded"]?.string?.contains("Be long.") ?? false)
        #expect(first["now"]?.string?.contains("Be short.") ?? false)
    }
}
