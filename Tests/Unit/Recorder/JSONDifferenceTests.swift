/// What changed between two JSON values: each change at its place, and a patch that makes the one from the other.
import Testing

@testable import Intercept
@testable import Recorder

struct JSONDifferenceTests {
    static func json(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

    /// `+ tools[1]`, one line a change.
    static func changes(_ old: String, _ new: String) throws -> [String] {
        try JSONDifference(from: json(old), to: json(new)).changes.map { change in
            let sign = [.added: "+", .removed: "-", .changed: "!"][change.kind] ?? "?"
            return "\(sign) \(change.place)"
        }
    }

    static let cases: [(old: String, new: String, changes: [String])] = [
        (#"{"a":1}"#, #"{"a":1}"#, []),
        (#"{"a":1,"b":2}"#, #"{ "b" : 2.0, "a" : 1 }"#, []),
        (#"{"a":"\u0041"}"#, #"{"a":"A"}"#, []),
        (#"{"a":10000000000000000001}"#, #"{"a":10000000000000000002}"#, ["! a"]),
        (#"{"a":1}"#, #"{"a":"1"}"#, ["! a"]),
        (#"{"a":null}"#, #"{}"#, ["- a"]),
        (#"{}"#, #"{"a b":false,"":0}"#, [#"+ ["a b"]"#, #"+ [""]"#]),
        ("[1,2,3]", "[1,2,3,4]", ["+ [3]"]),
        ("[1,2,3]", "[2,3]", ["- [0]"]),
        (#"[{"name":"a"},{"name":"b"}]"#, #"[{"name":"a"},{"name":"x"},{"name":"b"}]"#, ["+ [1]"]),
        (
            #"[{"name":"a","d":1},{"name":"b","d":1}]"#, #"[{"name":"x","d":1},{"name":"b","d":{"e":[2]}}]"#,
            ["- [0]", "+ [0]", "! [1].d"]
        ),
        ("1", "[1]", ["! "]),
    ]

    @Test(arguments: cases) func `each change has its place`(_ one: (old: String, new: String, changes: [String]))
        throws
    {
        #expect(try Self.changes(one.old, one.new) == one.changes)
    }

    @Test(arguments: cases) func `the patch makes the new value from the old one`(
        _ one: (old: String, new: String, changes: [String])
    ) throws {
        let (old, new) = (try Self.json(one.old), try Self.json(one.new))
        let patched = try Patched(old).applying(JSON.parse(JSONDifference(from: old, to: new).patch))
        #expect(try patched.json.means(new), "\(String(decoding: patched.bytes, as: UTF8.self))")
        #expect(JSONDifference(from: old, to: new).isEmpty == (JSONDifference.first(from: old, to: new) == nil))
    }

    @Test func `a hundred random values are patched into one another`() throws {
        var random = SplitMix(seed: 7)
        for _ in 0..<100 {
            let (old, new) = (random.value(4), random.value(4))
            let (before, after) = (try Self.json(old), try Self.json(new))
            let patched = try Patched(before).applying(JSON.parse(JSONDifference(from: before, to: after).patch))
            #expect(try patched.json.means(after), "\(old) → \(new)")
        }
    }

    @Test func `names with slashes and tildes are escaped in pointers`() {
        #expect(JSONPlace([.member("a/b~c"), .element(2), .member("")]).pointer == "/a~1b~0c/2/")
        #expect(JSONPlace().pointer == "")
    }

    @Test(arguments: [
        (#"{"m":[{"c":"12 passed"}]}"#, #"{"m":[{"c":"11 passed"}]}"#, "m[0].c", "changed"),
        (
            #"{"t":[{"s":{}}]}"#, #"{"t":[{"s":{"additionalProperties":false}}]}"#, "t[0].s.additionalProperties",
            "added"
        ),
        (#"{"m":[1,2]}"#, #"{"m":[1]}"#, "m[1]", "removed"),
        (#"{"m":[1,2],"z":0}"#, #"{"m":[0,1,2]}"#, "m[0]", "changed"),
    ])
    func `the first difference goes by the index`(_ old: String, _ new: String, _ place: String, _ kind: String) throws
    {
        let found = try #require(try JSONDifference.first(from: Self.json(old), to: Self.json(new)))
        #expect("\(found.place)" == place)
        #expect(found.kind.rawValue == kind)
    }
}

/// A value that patches are applied to, the plain way.
private indirect enum Patched {
    case object([(String, Patched)])
    case array([Patched])
    case scalar([UInt8])

    init(_ json: JSON) {
        switch json.kind {
        case .object: self = .object(json.members.map { ($0.key.string ?? "", Patched($0.value)) })
        case .array: self = .array(json.elements.map { Patched($0) })
        default: self = .scalar(Array(json.raw))
        }
    }

    var bytes: [UInt8] {
        var out = JSONWriter()
        write(&out)
        return out.bytes
    }

    var json: JSON { get throws { try JSON.parse(bytes) } }

    private func write(_ out: inout JSONWriter) {
        switch self {
        case .object(let members):
            out.beginObject()
            for (name, value) in members {
                out.key(text: name)
                value.write(&out)
            }
            out.endObject()
        case .array(let all):
            out.beginArray()
            for one in all { one.write(&out) }
            out.endArray()
        case .scalar(let raw): out.raw(raw)
        }
    }

    func applying(_ patch: JSON) throws -> Patched {
        try patch.elements.reduce(self) { value, step in
            let path = try #require(step["path"]?.string)
            let steps = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
                .map { $0.replacing("~1", with: "/").replacing("~0", with: "~") }
            return try value.changed(steps[...], try #require(step["op"]?.string), step["value"].map(Patched.init))
        }
    }

    private func changed(_ steps: ArraySlice<String>, _ op: String, _ new: Patched?) throws -> Patched {
        guard let step = steps.first else { return try #require(new) }
        let isLast = steps.count == 1
        switch self {
        case .object(var members):
            let place = members.lastIndex { $0.0 == step }
            if isLast, op == "add" {
                #expect(place == nil)
                members.append((step, try #require(new)))
            } else if isLast, op == "remove" {
                members.remove(at: try #require(place))
            } else {
                let at = try #require(place)
                members[at].1 = try members[at].1.changed(steps.dropFirst(), op, new)
            }
            return .object(members)
        case .array(var all):
            let at = try #require(Int(step))
            if isLast, op == "add" {
                try #require(at <= all.count)
                all.insert(try #require(new), at: at)
            } else {
                try #require(at < all.count)
                if isLast, op == "remove" {
                    all.remove(at: at)
                } else {
                    all[at] = try all[at].changed(steps.dropFirst(), op, new)
                }
            }
            return .array(all)
        case .scalar: throw JSONError(problem: "no container at \(step)", offset: 0)
        }
    }
}

/// Small numbers that are the same in every run.
private struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ below: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(below))
    }

    mutating func value(_ depth: Int) -> String {
        switch depth == 0 ? next(4) : next(8) {
        case 0: return "\(next(3))"
        case 1: return ["true", "false", "null"][next(3)]
        case 2: return #""t\#(next(3))""#
        case 3: return #""""#
        case 4, 5: return "[" + (0..<next(5)).map { _ in value(depth - 1) }.joined(separator: ",") + "]"
        default:
            let names = ["name", "id", "a/b", "~", "role"].shuffled(using: &self).prefix(next(5))
            return "{" + names.map { #""\#($0)":\#(value(depth - 1))"# }.joined(separator: ",") + "}"
        }
    }
}

extension SplitMix: RandomNumberGenerator {
    mutating func next() -> UInt64 { UInt64(next(1 << 30)) << 34 | UInt64(next(1 << 30)) << 4 }
}
