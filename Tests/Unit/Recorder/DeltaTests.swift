/// Bodies as differences: what comes back is what went in, byte for byte.
import Testing

@testable import Intercept
@testable import Recorder

struct DeltaTests {
    /// Encodes `body` against `base` and puts it together again.
    static func roundTrip(_ body: String, against base: String) throws -> (result: String, delta: String, rest: String)
    {
        let outline = try #require(Outline(JSON.parse(Array(body.utf8))))
        let old = try #require(Outline(JSON.parse(Array(base.utf8))))
        let delta = Delta(outline, against: old)
        var written = JSONWriter()
        delta.write(outline, base: "base", attempt: nil, into: &written)
        var rest: [UInt8] = []
        delta.writeRemainder(outline, edits: [], into: &rest)
        let rebuilt = try Delta.rebuild(
            JSON.parse(written.bytes), body: JSON.parse(rest), base: JSON.parse(Array(base.utf8)))
        return (
            String(decoding: try #require(rebuilt), as: UTF8.self), String(decoding: written.bytes, as: UTF8.self),
            String(decoding: rest, as: UTF8.self)
        )
    }

    static let base = #"{"model":"m","messages":[{"a":1},{"b":2}],"tools":[1,2,3],"stream":true}"#

    static let bodies: [(name: String, body: String)] = [
        ("equal", base),
        ("one message more", #"{"model":"m","messages":[{"a":1},{"b":2},{"c":3}],"tools":[1,2,3],"stream":true}"#),
        ("last message changed", #"{"model":"m","messages":[{"a":1},{"b":9}],"tools":[1,2,3],"stream":true}"#),
        ("history cut off", #"{"model":"m","messages":[{"a":1}],"tools":[1,2,3],"stream":true}"#),
        ("no message kept", #"{"model":"m","messages":[{"z":1}],"tools":[1,2,3],"stream":true}"#),
        ("messages empty", #"{"model":"m","messages":[],"tools":[1,2,3],"stream":true}"#),
        ("member gone", #"{"model":"m","messages":[{"a":1},{"b":2}],"stream":true}"#),
        ("member added at the end", #"{"model":"m","messages":[{"a":1}],"tools":[1,2,3],"stream":true,"x":[]}"#),
        ("member added in the middle", #"{"model":"m","x":{"y":1},"messages":[{"a":1}],"tools":[1,2,3]}"#),
        ("other order", #"{"stream":true,"tools":[1,2,3],"messages":[{"a":1},{"b":2}],"model":"m"}"#),
        ("array became a string", #"{"model":"m","messages":"none","tools":[1,2,3],"stream":true}"#),
        ("string became an array", #"{"model":["m"],"messages":[{"a":1}],"tools":[1,2,3],"stream":true}"#),
        ("blanks inside a value", #"{"model":"m","messages":[{"a": 1},{"b":2}],"tools":[1,2, 3],"stream":true}"#),
        ("number spelled otherwise", #"{"model":"m","messages":[{"a":1.0},{"b":2}],"tools":[1,2,3],"stream":true}"#),
        ("name spelled otherwise", #"{"mod\u0065l":"m","messages":[{"a":1}],"tools":[1,2,3],"stream":true}"#),
        ("nothing", "{}"),
        ("blanks behind the last value", #"{"model":"m","messages":[{"a":1},{"b":2}],"tools":[1,2,3],"stream":true }"#),
        (
            "blanks as other libraries write them",
            #"{"model": "m", "messages": [{"a": 1}, {"b": 2}], "tools": [1, 2, 3], "stream": true}"#
        ),
        (
            "blanks everywhere",
            #"{ "model" : "m" , "messages" : [ {"a":1} , {"b":2} ] , "tools" : [ ] , "stream" : true }"#
        ),
        ("lines", "{\n  \"model\": \"m\",\n  \"messages\": [\n    {\"a\":1},\n    {\"c\":2}\n  ]\n}"),
    ]

    @Test("a body comes back byte for byte", arguments: bodies)
    func comesBack(name: String, body: String) throws {
        #expect(try Self.roundTrip(body, against: Self.base).result == body)
        #expect(try Self.roundTrip(Self.base, against: body).result == Self.base)
    }

    @Test("same, keep and the rest say what changed")
    func contents() throws {
        let (_, delta, rest) = try Self.roundTrip(Self.bodies[1].body, against: Self.base)
        #expect(delta == #"{"base":"base","same":["model","tools","stream"],"keep":{"messages":2}}"#)
        #expect(rest == #"{"messages":[{"c":3}]}"#)
    }

    @Test("the order is written down only where it cannot be derived")
    func order() throws {
        #expect(try !Self.roundTrip(Self.bodies[1].body, against: Self.base).delta.contains("order"))
        #expect(try !Self.roundTrip(Self.bodies[7].body, against: Self.base).delta.contains("order"))
        #expect(try Self.roundTrip(Self.bodies[8].body, against: Self.base).delta.contains(#""order":["model","x""#))
        #expect(try Self.roundTrip(Self.bodies[9].body, against: Self.base).delta.contains(#""order":["stream""#))
    }

    @Test("every body comes back against every other")
    func pairs() throws {
        for (name, body) in Self.bodies {
            for (other, base) in Self.bodies {
                #expect(try Self.roundTrip(body, against: base).result == body, "\(name) against \(other)")
            }
        }
    }

    static let shapeless = [#" {"a":1}"#, #"{"a":1} "#, #"{"a":1,"a":2}"#, "[1]", "{ }", "3"]

    @Test(
        "what is no object, has blanks around it or a name twice has no outline and is stored whole",
        arguments: shapeless)
    func noOutline(text: String) throws {
        #expect(try Outline(JSON.parse(Array(text.utf8))) == nil)
    }

    @Test("blanks belong to the element beside them: only elements with the same blanks are kept")
    func looseArray() throws {
        let body = #"{"messages":[1, 2],"x":[ 1],"y":[1 ],"z":[ ]}"#
        let (result, delta, _) = try Self.roundTrip(body, against: #"{"messages":[1,2],"x":[1],"y":[1],"z":[]}"#)
        #expect(result == body)
        #expect(delta.contains(#""keep":{"messages":1}"#))
        let more = #"{"messages":[1, 2, 3],"x":[ 1, 5 ],"y":[1 ],"z":[ ]}"#
        let (grown, grownDelta, rest) = try Self.roundTrip(more, against: body)
        #expect(grown == more)
        #expect(grownDelta.contains(#""same":["y","z"],"keep":{"messages":2,"x":1}"#))
        #expect(rest == #"{"messages":[ 3],"x":[ 5 ]}"#)
    }

    @Test(
        "a base of another shape is refused, not guessed at",
        arguments: [#"{}"#, #"{"messages":3}"#, #"{"messages":[1]}"#])
    func mismatch(base: String) throws {
        let delta = try JSON.parse(Array(#"{"base":"b","same":[],"keep":{"messages":2}}"#.utf8))
        let body = try JSON.parse(Array(#"{"messages":[3]}"#.utf8))
        #expect(try Delta.rebuild(delta, body: body, base: JSON.parse(Array(base.utf8))) == nil)
        let same = try JSON.parse(Array(#"{"base":"b","same":["gone"],"keep":{},"order":["gone"]}"#.utf8))
        #expect(try Delta.rebuild(same, body: nil, base: JSON.parse(Array(base.utf8))) == nil)
    }

    @Test("the common beginning of two texts is found to the byte")
    func commonPrefix() {
        let text = [UInt8](repeating: 1, count: 20_000)
        for place in [0, 1, 63, 64, 4095, 4096, 4097, 16_384, 19_999] {
            var other = text
            other[place] = 2
            #expect(Outline.commonPrefix(text, other) == place)
        }
        #expect(Outline.commonPrefix(text, text + [1]) == text.count)
        #expect(Outline.commonPrefix(text, []) == 0)
    }

    @Test("hashing from a kept state gives the same hash", arguments: [0, 1, 16_383, 16_384, 16_385, 50_000, 99_999])
    func hashTrail(place: Int) {
        let text = Identifier.random(100_000)
        var other = text
        other[place] ^= 1
        other += [1, 2, 3]
        let first = HashTrail(text, edits: [], base: nil, common: 0)
        let second = HashTrail(other, edits: [], base: first, common: Outline.commonPrefix(text, other))
        #expect(first.hex == Identifier.hex(SHA256.hash(text)))
        #expect(second.hex == Identifier.hex(SHA256.hash(other)))
        let third = HashTrail(text, edits: [], base: second, common: place)
        #expect(third.hex == first.hex)
    }
}
