/// Reading traces: damaged ones, compressed ones, later ones.
import Foundation
import Testing

@testable import Intercept
@testable import Recorder

struct TraceReaderTests {
    static func read(_ bytes: [UInt8]) throws -> (seqs: [Int], reader: TraceReader) {
        let folder = Folder()
        try folder.write("t.jsonl", bytes)
        let reader = try TraceReader(path: folder.file("t.jsonl"))
        return (reader.compactMap { $0["seq"]?.int }, reader)
    }

    static let line = JSONLSinkTests.line

    @Test("P172: a file cut anywhere loses nothing but its last line")
    func cut() throws {
        let whole = Self.line(1) + Self.line(2) + Self.line(3)
        let length = Self.line(1).count
        for cut in 0...whole.count {
            let (seqs, reader) = try Self.read(Array(whole[..<cut]))
            let missing = cut % length
            let isComplete = missing == length - 1
            #expect(seqs.count == cut / length + (isComplete ? 1 : 0))
            #expect(reader.skippedLines == (missing == 0 || isComplete ? 0 : 1))
        }
    }

    @Test("bad lines are stepped over and their bytes counted")
    func bad() throws {
        let junk = Array("no json\n\n[1]\n".utf8)
        let (seqs, reader) = try Self.read(Self.line(1) + junk + Self.line(2))
        #expect(seqs == [1, 2])
        #expect(reader.skippedLines == 2)
        #expect(reader.skippedBytes == 8 + 4)
    }

    @Test("a whole line behind the remains of another is rescued")
    func rescue() throws {
        let torn = Array(Self.line(1).prefix(20))
        let (seqs, reader) = try Self.read(torn + Self.line(2) + Self.line(3))
        #expect(seqs == [2, 3])
        #expect(reader.skippedBytes == 20)
    }

    @Test("unknown types and keys are handed on, later versions are counted and left out")
    func unknown() throws {
        let later = Array(
            "{\"v\":2,\"type\":\"request\",\"seq\":5}\n{\"v\":1,\"type\":\"novel\",\"seq\":6,\"x\":[1]}\n".utf8)
        let (seqs, reader) = try Self.read(later)
        #expect(seqs == [6])
        #expect(reader.newerLines == 1 && reader.skippedLines == 0)
    }

    @Test("P170: lines longer than the buffer are whole")
    func longLines() throws {
        let long = Array(#"{"v":1,"type":"x","seq":7,"t":"\#(String(repeating: "y", count: 600_000))"}"#.utf8) + [0x0A]
        #expect(try Self.read(Self.line(1) + long + Self.line(2)).seqs == [1, 7, 2])
    }

    @Test("a compressed file that is cut off gives what there is and says so")
    func cutGzip() throws {
        let folder = Folder()
        try folder.write("t.jsonl", (0..<2000).flatMap { Self.line($0 &* 7919) })
        let compression = try #require(Compression(path: folder.file("t.jsonl")))
        while compression.step() == .more {}
        let packed = try folder.bytes("t.jsonl.gz")
        try folder.write("cut.gz", Array(packed.prefix(packed.count / 2)))
        let reader = try TraceReader(path: folder.file("cut.gz"))
        let count = reader.reduce(0) { count, _ in count + 1 }
        #expect(count < 2000)
        #expect(reader.failure != nil)
        #expect(try TraceReader(path: folder.file("t.jsonl.gz")).reduce(0) { count, _ in count + 1 } == 2000)
    }

    @Test("a file that is not there is named")
    func missing() {
        let error = #expect(throws: TraceError.self) { try TraceReader(path: "/nonexistent/t.jsonl") }
        #expect(error?.description.contains("/nonexistent/t.jsonl") == true)
    }

    @Test("a file and its compressed form count once")
    func listing() throws {
        let folder = Folder()
        for name in ["2026-01-01.jsonl", "2026-01-01.jsonl.gz", "2026-01-02.jsonl", "notes.txt"] {
            try folder.write(name, [])
        }
        #expect(
            TraceReader.files(in: folder.path) == [folder.file("2026-01-01.jsonl.gz"), folder.file("2026-01-02.jsonl")])
    }

    @Test("a body whose base is missing, or whose hash is wrong, is an error and not a guess")
    func damagedBase() throws {
        let bench = try Bench()
        let long = String(repeating: "word ", count: 300)
        bench.exchange().request(#"{"a":"\#(long)"}"#)
        bench.exchange().request(#"{"a":"\#(long)","b":1}"#)
        let lines = try bench.text().split(separator: "\n")
        for text in [
            lines[2..<3].joined(separator: "\n"), lines.joined(separator: "\n").replacing(#""b":1"#, with: #""b":2"#),
        ] {
            let folder = Folder()
            try folder.write("t.jsonl", Array((text + "\n").utf8))
            var bodies = try TraceBodies(path: folder.file("t.jsonl"))
            #expect(throws: TraceError.self) {
                for record in try TraceReader(path: folder.file("t.jsonl")) { _ = try bodies.body(of: record) }
            }
        }
    }
}

/// Reading only some of the records.
struct SelectiveReadingTests {
    static let request =
        #"{"v":1,"type":"request","seq":1,"delta":{"base":"x","keep":{"body":2}},"note":",\"body\":","body":{"a":[1,2]}}"#
    static let head = #"{"v":1,"type":"request","seq":2,"path":"/","body":{"a":",\"body\":"}}"#
    static let lines = [
        request, #"{"v":1,"type":"events","seq":3,"events":[]}"#, head, "torn {", #"{"v":1,"type":"event","seq":4}"#,
        #"{"v":1,"type":"end","seq":5}"#, #"{"v":2,"type":"end"}"#,
    ]

    static func read(_ text: String, only types: [String]?, body: Bool = true) throws -> (reader: TraceReader, Folder) {
        let folder = Folder()
        try folder.write("t.jsonl", Array(text.utf8))
        return (
            try TraceReader(path: folder.file("t.jsonl"), only: types, wantsBody: body ? nil : { _ in false }), folder
        )
    }

    @Test("lines of other types are stepped over; what is no record is still counted")
    func types() throws {
        let (reader, folder) = try Self.read(Self.lines.joined(separator: "\n"), only: ["request", "end"])
        #expect(reader.compactMap { $0["seq"]?.int } == [1, 2, 5])
        #expect(reader.skippedLines == 1 && reader.newerLines == 1)
        _ = folder
    }

    @Test("a request without its body is its head; a member of that name elsewhere does not mislead")
    func heads() throws {
        let (reader, folder) = try Self.read(Self.lines.joined(separator: "\n"), only: ["request"], body: false)
        let records = Array(reader)
        #expect(records.map { $0["seq"]?.int } == [1, 2])
        #expect(records.map { $0["path"]?.string } == [nil, "/"])
        #expect(records[1]["body"] == nil)
        _ = folder
    }

    @Test("what is stepped over may be longer than the buffer, and the line behind it lies anywhere in it")
    func long() throws {
        for length in [(1 << 20) - 40, (1 << 20) - 1, 1 << 20, (1 << 20) + 30, 3 << 20] {
            let long = #"{"v":1,"type":"events","t":""# + String(repeating: "x", count: length) + #""}"#
            let (reader, folder) = try Self.read(
                [long, Self.head, long, Self.lines[5]].joined(separator: "\n"), only: ["request", "end"])
            #expect(reader.compactMap { $0["seq"]?.int } == [2, 5])
            #expect(reader.skippedLines == 0)
            _ = folder
        }
    }
}
