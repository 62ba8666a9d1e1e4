internal import Intercept

/// JSON Schemas of tools, made legal for a service: copied byte for byte wherever that is possible.
enum Schemas {
    /// Members that OpenAI refuses at the top of a function's parameters.
    private static let refused = ["oneOf", "anyOf", "allOf", "enum", "not"]

    /// Writes the schema with what is missing for `type: object`. Gives the names of members that had to go.
    ///
    /// - Parameter rules: what the service takes of JSON Schema.
    static func write(_ schema: JSON?, into out: inout JSONWriter, rules: SchemaRules = SchemaRules()) -> [String] {
        guard let schema, schema.isObject else {
            out.raw(#"{"type":"object","properties":{}}"#)
            return []
        }
        var isObject = false
        var hasProperties = false
        var dropped: [String] = []
        for (key, value) in schema.members {
            switch key.range.count - 2 {
            case 4 where key.equals("type"): isObject = value.equals("object")
            case 10 where key.equals("properties"): hasProperties = value.isObject
            case 3...5: if let name = refused.first(where: { key.equals($0) }) { dropped.append(name) }
            default: continue
            }
        }
        if isObject, hasProperties, dropped.isEmpty, fulfils(schema, rules) {
            out.value(schema)
            return []
        }
        var cleaner = SchemaCleaner(rules, root: schema)
        out.beginObject()
        out.field("type", "object")
        let skipping = ["type"] + refused + (hasProperties ? [] : ["properties"])
        cleaner.writeMembers(schema, skipping: skipping, into: &out)
        if !hasProperties { out.verbatim(#","properties":{}"#) }
        out.endObject()
        return dropped + cleaner.dropped.filter { !dropped.contains($0) }
    }

    /// Whether the schema can be copied as it is.
    private static func fulfils(_ schema: JSON, _ rules: SchemaRules) -> Bool {
        rules.isEmpty || rules == SchemaRules(wantsItems: true) && !lacksItems(schema)
    }

    /// Whether there may be an array that does not say what it holds.
    private static func lacksItems(_ value: JSON) -> Bool {
        if value.isArray { return value.elements.contains { lacksItems($0) } }
        if value["type"]?.equals("array") ?? false, value["items"] == nil { return true }
        return value.members.contains { lacksItems($0.value) }
    }

    /// Writes a schema that may be of any type.
    static func writeAny(_ schema: JSON, into out: inout JSONWriter, rules: SchemaRules) -> [String] {
        if fulfils(schema, rules) {
            out.value(schema)
            return []
        }
        var cleaner = SchemaCleaner(rules, root: schema)
        cleaner.write(schema, into: &out)
        return cleaner.dropped
    }

    /// Whether the schema fulfils the rules of `strict`: every object closed, every property required.
    static func isStrict(_ schema: JSON) -> Bool {
        if schema.isArray { return schema.elements.allSatisfy { isStrict($0) } }
        guard schema.isObject else { return true }
        if schema["type"]?.equals("object") ?? false {
            guard schema["additionalProperties"]?.bool == false else { return false }
            let required = schema["required"]?.elements.compactMap(\.string) ?? []
            let names = schema["properties"]?.members.map { $0.key.string ?? "" } ?? []
            guard names.allSatisfy({ required.contains($0) }) else { return false }
        }
        return schema.members.allSatisfy { isStrict($0.value) }
    }
}
