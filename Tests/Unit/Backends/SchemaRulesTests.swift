import Testing

@testable import Backends
@testable import Intercept

@Suite struct SchemaRulesTests {
    private func write(_ schema: String, _ rules: SchemaRules = ServiceProfile.gemini.schemas) throws -> (
        text: String, dropped: [String]
    ) {
        var out = JSONWriter()
        let dropped = Schemas.write(try JSON.parse(Array(schema.utf8)), into: &out, rules: rules)
        #expect((try? JSON.parse(out.bytes)) != nil)
        return (String(decoding: out.bytes, as: UTF8.self), dropped)
    }

    @Test("P11: keywords that the service does not take are left out at any depth and named once")
    func keywords() throws {
        let (text, dropped) = try write(
            #"{"$schema":"s","type":"object","additionalProperties":false,"properties":{"a":{"type":"object","properties":{"b":{"type":"integer","exclusiveMinimum":0}},"additionalProperties":{"type":"string"}}}}"#
        )
        #expect(
            text
                == #"{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"integer"}}}}}"#)
        #expect(dropped == ["$schema", "additionalProperties", "exclusiveMinimum"])
    }

    @Test("P11: a property that is named like a keyword survives, also in required, enum and default")
    func properties() throws {
        let schema =
            #"{"type":"object","properties":{"const":{"type":"string","default":{"const":1}},"$ref":{"type":"string"},"format":{"type":"string"},"additionalProperties":{"type":"boolean"},"type":{"type":"string"},"properties":{"type":"object","properties":{"enum":{"type":"string"}}}},"required":["const","$ref"]}"#
        #expect(try write(schema).text == schema)
        #expect(try write(schema).dropped == [])
    }

    @Test("P10: a reference becomes what it points at, with what stands beside it; one inside itself ends")
    func references() throws {
        let (text, dropped) = try write(
            ##"{"type":"object","properties":{"n":{"$ref":"#/$defs/N","description":"d"}},"$defs":{"N":{"type":"object","description":"other","properties":{"next":{"$ref":"#/$defs/N"}}}}}"##
        )
        #expect(
            text
                == #"{"type":"object","properties":{"n":{"type":"object","properties":{"next":{"type":"object"}},"description":"d"}}}"#
        )
        #expect(dropped == ["$ref", "$defs"])
    }

    @Test("P10: references that multiply do not fill the memory")
    func explosion() throws {
        let levels = (0..<40).map { level in
            ##""L\##(level)":{"type":"object","properties":{"a":{"$ref":"#/$defs/L\##(level + 1)"},"b":{"$ref":"#/$defs/L\##(level + 1)"}}}"##
        }
        let (text, dropped) = try write(
            ##"{"type":"object","properties":{"x":{"$ref":"#/$defs/L0"}},"$defs":{\##(levels.joined(separator: ",")),"L40":{"type":"string"}}}"##
        )
        #expect(text.utf8.count < 40_000)
        #expect(dropped.contains("$ref"))
    }

    @Test("a constant is an enum of one value, a list of types is one type, an enum gets its type")
    func forms() throws {
        let (text, dropped) = try write(
            #"{"type":"object","properties":{"a":{"const":"x"},"b":{"type":["string","null"],"enum":["x",null]},"c":{"enum":["p","q"]},"d":{"type":"array"}}}"#
        )
        #expect(
            text
                == #"{"type":"object","properties":{"a":{"type":"string","enum":["x"]},"b":{"type":"string","nullable":true,"enum":["x"]},"c":{"type":"string","enum":["p","q"]},"d":{"type":"array","items":{}}}}"#
        )
        #expect(dropped == [])
    }

    @Test("formats that are not known go, others stay")
    func formats() throws {
        let (text, dropped) = try write(
            #"{"type":"object","properties":{"a":{"type":"string","format":"uri"},"b":{"type":"string","format":"date-time"}}}"#
        )
        #expect(
            text
                == #"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string","format":"date-time"}}}"#
        )
        #expect(dropped == ["format"])
    }

    @Test("without rules a schema is copied byte for byte, spaces and all")
    func untouched() throws {
        let schema = #"{ "$schema":"s", "type":"object","properties":{ "a":{"const":1.0} } }"#
        #expect(try write(schema, SchemaRules()).text == schema)
    }
}
