/// Which files and sessions the operands of reading commands mean.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder
@testable import claudecodex

struct TraceChoiceTests {
    private let home = NSTemporaryDirectory() + "claudecodex-choice-" + Identifier.hex(Identifier.random(6))

    /// Requests of a file: session, second of the day.
    private func write(_ name: String, _ requests: [(String, Int)]) throws {
        let lines = requests.enumerated().map { index, request in
            let time = "2026-11-29T10:00:0\(request.1).000Z"
            return
                #"{"v":1,"type":"request","seq":\#(index),"ts":"\#(time)","id":"0193a7c2-\#(name.utf8.count)-\#(index)","#
                + #""session":"\#(request.0)","path":"/v1/messages"}"# + "\n"
        }
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: "\(home)/\(name)"))
    }

    private func choose(_ operands: String...) throws -> TraceChoice {
        try TraceChoice(operands, directory: home)
    }

    private func names(_ choice: TraceChoice) -> [String] { choice.files.map { Files.name($0) } }

    private func failure(_ operands: String...) -> Failure? {
        do throws(Failure) {
            _ = try TraceChoice(operands, directory: home)
            return nil
        } catch {
            return error
        }
    }

    @Test("`last` is the session whose last request is the latest, whatever its file is called")
    func last() throws {
        defer { try? FileManager.default.removeItem(atPath: home) }
        try write("2026-11-29.jsonl", [("aaaa1111", 1), ("bbbb2222", 8)])
        try write("run-0193.jsonl", [("cccc3333", 3)])
        try write("run-demo-1.jsonl", [("demo-1a", 2)])
        try write("import-old.jsonl", [("dddd4444", 9)])
        #expect(try choose("last").session == "bbbb2222")
        #expect(try names(choose()) == ["import-old.jsonl", "2026-11-29.jsonl", "run-demo-1.jsonl", "run-0193.jsonl"])
        try write("run-0194.jsonl", [("aaaa1111", 9)])
        #expect(try choose("last#2").session == "aaaa1111")
        #expect(try choose("last#2").number == 2)
        #expect(try names(choose("last")) == ["2026-11-29.jsonl", "run-0194.jsonl"])
    }

    @Test("a session is found by its id and by its beginning, also one that is no number")
    func sessions() throws {
        defer { try? FileManager.default.removeItem(atPath: home) }
        try write("a.jsonl", [("5f0c1111", 1), ("5f0c2222", 2), ("demo-1a2b", 3), ("demo", 4)])
        #expect(try choose("5f0c11").session == "5f0c1111")
        #expect(try choose("demo").session == "demo")
        #expect(try choose("demo-1").session == "demo-1a2b")
        #expect(failure("5f0c")?.message == "2 sessions have an id that begins with 5f0c")
        #expect(try choose("error", "tool=Bash").rest == ["error", "tool=Bash"])
        #expect(try choose("text~#3").rest == ["text~#3"])
        #expect(failure("deadbeef01")?.message.contains("no session, run or exchange here") ?? false)
        #expect(failure("last#0")?.code == .usage && failure("last#x")?.code == .usage)
    }

    @Test("a folder without traces is said, and nothing else is read in its place")
    func emptyFolder() throws {
        defer { try? FileManager.default.removeItem(atPath: home) }
        try write("a.jsonl", [("5f0c1111", 1)])
        let empty = home + "/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        #expect(failure(empty)?.message == "there are no traces in \(empty)")
    }
}
