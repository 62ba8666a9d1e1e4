/// Views of a parsed text: lookups, numbers, slices.
import Testing

@testable import Intercept

struct JSONTests {
    @Test("a slice keeps key order, number spelling, blanks and escapes")
    func slices() throws {
        let json = try Core.json(#"{"z":{"b":1.50, "a":1E3,"\u0061":"\/é"} ,"y":[1 ,2]}"#)
        #expect(Core.text(json["z"]?.raw ?? []) == #"{"b":1.50, "a":1E3,"\u0061":"\/é"}"#)
        #expect(Core.text(json["y"]?.raw ?? []) == "[1 ,2]")
        #expect(json["z"]?.members.map { $0.key.string } == ["b", "a", "a"])
    }

    @Test("a member is found by its decoded name, the first of equal ones")
    func escapedKey() throws {
        let json = try Core.json(#"{"m\u006Fdel":"first","model":"second","\ud83d\ude00":3,"é":4}"#)
        #expect(json["model"]?.string == "first")
        #expect(json["😀"]?.int == 3)
        #expect(json["é"]?.int == 4)
        #expect(json["mode"] == nil)
        #expect(json["models"] == nil)
        #expect(json[""] == nil)
    }

    @Test("lookups in something that is no container find nothing", arguments: ["1", "\"a\"", "null", "[{\"a\":1}]"])
    func noObject(text: String) throws {
        let json = try Core.json(text)
        #expect(json["a"] == nil)
        #expect(Array(json.members).isEmpty)
    }

    @Test(
        "whole numbers, however they are spelled",
        arguments: [
            ("0", 0), ("-7", -7), ("1.0", 1), ("1e3", 1000), ("9007199254740992", 1 << 53), ("9007199254740993", nil),
            ("9223372036854775807", nil), ("1.5", nil),
            ("1e400", nil), ("9223372036854775808", nil), ("\"1\"", nil), ("true", nil),
        ] as [(String, Int?)])
    func int(text: String, expected: Int?) throws {
        #expect(try Core.json(text).int == expected)
    }

    @Test("truth values and kinds")
    func kinds() throws {
        let json = try Core.json(#"[true,false,null,"",[],{},1,"a"]"#)
        let all = Array(json.elements)
        #expect(all.map(\.kind) == [.true, .false, .null, .string, .array, .object, .number, .string])
        #expect(all.map(\.bool) == [true, false, nil, nil, nil, nil, nil, nil])
        #expect(all.map(\.isEmptyString) == [false, false, false, true, false, false, false, false])
        #expect(all[4].isEmpty && all[5].isEmpty && !json.isEmpty && json.count == 8)
    }

    @Test("a string equals its decoded form only")
    func equals() throws {
        let json = try Core.json(#"["a\u0062","ab","abc",1]"#)
        #expect(json.elements.map { $0.equals("ab") } == [true, true, false, false])
    }

    @Test("an element is skipped with all that it holds")
    func skipping() throws {
        let json = try Core.json(#"{"a":[[1,[2,{"b":3}]],4],"b":5}"#)
        #expect(json["b"]?.int == 5)
        #expect(json["a"]?.elements.map(\.kind) == [.array, .number])
        #expect(json["a"]?.count == 2)
    }

    @Test("an error describes itself with the offset")
    func description() {
        #expect("\(JSONError(problem: "expected ':'", offset: 7))" == "expected ':' at byte 7")
    }
}
