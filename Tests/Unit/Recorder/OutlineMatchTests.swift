/// Outlines found by resemblance are those that the parser finds.
import Testing

@testable import Intercept
@testable import Recorder

struct OutlineMatchTests {
    static func parts(_ outline: Outline) -> [[Range<Int>]] {
        outline.members.map { [$0.key, $0.value] + ($0.elements ?? []) }
    }

    @Test("every pair of bodies gives the parser's outline, or none", arguments: DeltaTests.bodies.map(\.body))
    func pairs(body: String) throws {
        let bytes = Array(body.utf8)
        let parsed = try #require(Outline(JSON.parse(bytes)))
        for other in DeltaTests.bodies {
            let base = try #require(Outline(JSON.parse(Array(other.body.utf8))))
            if let found = Outline(bytes, like: base) { #expect(Self.parts(found) == Self.parts(parsed)) }
        }
        // Bodies with blanks between their parts are left to the parser.
        let isCompact = parsed.members.allSatisfy { $0.head.count == $0.key.count + 1 }
        #expect(Outline(bytes, like: parsed) != nil || body == "{}" || !isCompact)
    }

    static let base = #"{"model":"m","n":12,"messages":[{"a":1},{"b":"x]}"}],"tools":[1,2]}"#

    @Test("damage anywhere is left to the parser", arguments: 0..<base.utf8.count)
    func damage(place: Int) throws {
        let base = try #require(Outline(JSON.parse(Array(Self.base.utf8))))
        for byte in Array(#" "\{}[],:x0"#.utf8) + [0x0A, 0x80, 0xFF] {
            var bytes = Array(Self.base.utf8)
            bytes[place] = byte
            guard let found = Outline(bytes, like: base) else { continue }
            let parsed = try #require(try? JSON.parse(bytes), "\(String(decoding: bytes, as: UTF8.self))")
            #expect(Self.parts(found) == Self.parts(try #require(Outline(parsed))))
        }
        let cut = Array(Self.base.utf8.prefix(place))
        #expect(Outline(cut, like: base) == nil)
    }

    @Test(
        "what changed is checked",
        arguments: [
            (#"{"model":"other","n":123,"messages":[{"a":1},{"b":"x]}"},{"c":[1,{"d":"]"}]}],"tools":[]}"#, true),
            (#"{"model":"m","n":12,"messages":[{"a":1},nonsense],"tools":[1,2]}"#, false),
            (#"{"model":"m","n":12,"messages":[{"a":1} ,{"b":"x]}"}],"tools":[1,2]}"#, false),
            (#"{"model":"m","n":012,"messages":[{"a":1},{"b":"x]}"}],"tools":[1,2]}"#, false),
            (#"{"model":"m","model":"m","messages":[],"tools":[1,2]}"#, false),
            (
                #"{"model":"m","n":12,"messages":[\#(String(repeating: "[", count: 255))\#(String(repeating: "]", count: 255))],"tools":[1,2]}"#,
                false
            ),
        ])
    func changed(body: String, isFound: Bool) throws {
        let base = try #require(Outline(JSON.parse(Array(Self.base.utf8))))
        #expect((Outline(Array(body.utf8), like: base) != nil) == isFound)
    }
}
