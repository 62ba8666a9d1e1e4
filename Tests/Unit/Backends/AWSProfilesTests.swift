import Foundation
import Testing

@testable import Backends
@testable import Intercept

/// The shared files by the cases of AWS's Rust SDK, and times as AWS writes them.
@Suite struct AWSProfilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let number: Int
        let json: JSON
        var testDescription: String { "\(number): \(json["name"]?.string ?? "")" }
    }

    static let cases: [Case] = {
        let url = Chat.fixtures.appendingPathComponent("aws/profile-parser-tests.json")
        guard let bytes = try? Chat.bytes(url), let all = try? JSON.parse(bytes)["tests"] else { return [] }
        return all.elements.enumerated().map { Case(number: $0.offset, json: $0.element) }
    }()

    @Test("no case is missing")
    func complete() { #expect(Self.cases.count == 65) }

    @Test("files are read as AWS reads them", arguments: cases)
    func read(one: Case) throws {
        func input(_ name: String) -> String { one.json["input"]?[name]?.string ?? "" }
        let output = try #require(one.json["output"])
        do {
            let found = try AWSProfiles(config: input("configFile"), credentials: input("credentialsFile"))
            #expect(output["errorContaining"] == nil)
            #expect(found.profiles == Self.sections(output["config"]?["profiles"]))
            #expect(found.sessions == Self.sections(output["config"]?["sso_sessions"]))
        } catch {
            let words = try #require(output["errorContaining"]?.string)
            #expect(error.description.contains(words))
        }
    }

    private static func sections(_ json: JSON?) -> AWSProfiles.Sections {
        guard let json else { return [:] }
        let all = json.members.map { name, properties in
            let pairs = properties.members.map { ($0.key.string ?? "", $0.value.string ?? "") }
            return (name.string ?? "", Dictionary(uniqueKeysWithValues: pairs))
        }
        return Dictionary(uniqueKeysWithValues: all)
    }

    @Test("indented properties are read by their names")
    func nested() {
        #expect(
            AWSProfiles.nested("\nendpoint_url = http://h:1\nOther=x") == ["endpoint_url": "http://h:1", "other": "x"])
    }

    @Test(
        "times are read in all forms",
        arguments: [
            ("2026-11-21T12:00:00Z", 1_795_262_400), ("2026-11-21T12:00:00.123Z", 1_795_262_400),
            ("2026-11-21T13:00:00+01:00", 1_795_262_400), ("2026-11-21T07:00:00-05:00", 1_795_262_400),
            ("2026-11-21T12:00:00UTC", 1_795_262_400), ("2024-02-29T00:00:00Z", 1_709_164_800),
        ])
    func times(text: String, seconds: Int64) {
        #expect(Timestamp(iso: text)?.nanoseconds == seconds * 1_000_000_000)
    }

    @Test("the time of an answer is read from its field, and nothing else is taken for one")
    func httpDates() {
        #expect(Timestamp(httpDate: "Sat, 21 Nov 2026 12:00:00 GMT")?.nanoseconds == 1_795_262_400_000_000_000)
        for text in ["", "yesterday", "Sat, 21 Nov 2026 12:00:00 CET", "Sat, 21 Foo 2026 12:00:00 GMT"] {
            #expect(Timestamp(httpDate: text) == nil)
        }
        #expect(Timestamp(iso: "9999-12-31T23:59:59Z")?.nanoseconds == .max / 2)
        for text in [
            "", "2026", "2026-11-21 at noon, sharp", "2026-13-01T00:00:00Z", "2026-01-01T99:00:00Z",
            "0000-01-01T00:00:00Z",
        ] { #expect(Timestamp(iso: text) == nil) }
    }

    @Test("base64 goes there and back, whatever the length", arguments: 0..<7)
    func base64(count: Int) {
        let bytes = (0..<count).map { UInt8(250 - $0) }
        let text = Base64.encode(bytes)
        #expect(text.utf8.count % 4 == 0)
        #expect(Base64.decode(text.utf8) == bytes)
        #expect(Base64.decode("a*b=".utf8) == nil)
    }
}
