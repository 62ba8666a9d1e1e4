internal import Intercept

/// JSON Schemas of tools, made legal for a service: copied byte for byte wherever that is possible.
enum Schemas {
    /// Members that OpenAI refuses at the top of a function's parameters.
    private static let refused = ["oneOf", "anyOf", "allOf", "enum", "not"]

    /// Writes the schema with what is missing for `type: object`. Gives the names of members that had to go.
    ///
    /// - Parameter fixesArrays: also gives every array without `items` an empty one; for services that insist.
    static func write(_ schema: JSON?, into out: inout JSONWriter, fixesArrays: Bool = false) -> [String] {
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
        if isObject, hasProperties, dropped.isEmpty, !fixesArrays {
            out.value(schema)
        } else {
            rewrite(schema, into: &out, hasProperties: hasProperties, fixesArrays: fixesArrays)
        }
        return dropped
    }

    private static func rewrite(_ schema: JSON, into out: inout JSONWriter, hasProperties: Bool, fixesArrays: Bool) {
        out.beginObject()
        out.field("type", "object")
        for (key, value) in schema.members {
            if key.equals("type") || refused.contains(where: { key.equals($0) }) { continue }
            if key.equals("properties"), !hasProperties { continue }
            out.value(key)
            out.verbatim(":")
            if fixesArrays { withItems(value, into: &out) } else { out.value(value) }
        }
        if !hasProperties { out.verbatim(#","properties":{}"#) }
        out.endObject()
    }

    /// Copies a value; schemas of arrays in it get an `items`.
    private static func withItems(_ value: JSON, into out: inout JSONWriter) {
        if value.isArray {
            out.beginArray()
            for element in value.elements { withItems(element, into: &out) }
            return out.endArray()
        }
        guard value.isObject else { return out.value(value) }
        out.beginObject()
        for (key, member) in value.members {
            out.value(key)
            out.verbatim(":")
            withItems(member, into: &out)
        }
        if value["type"]?.equals("array") ?? false, value["items"] == nil {
            out.key("items")
            out.raw("{}")
        }
        out.endObject()
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
