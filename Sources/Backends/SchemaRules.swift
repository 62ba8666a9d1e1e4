internal import Intercept

/// What of JSON Schema a service takes, and a writer that leaves out the rest. Keywords are told from properties that
/// happen to be named like them.
struct SchemaRules: Sendable, Equatable {
    /// Keywords that are left out. `$ref` is replaced by what it points at, `const` by an `enum` of one value.
    var lacks: [String] = []
    /// The values of `format` that stay; nil: all.
    var formats: [String]?
    /// `type` is one word: `["string","null"]` becomes `"string"` with `nullable`, and an `enum` gets the type it lacks.
    var wantsOneType = false
    /// Every array says what its `items` are.
    var wantsItems = false

    /// Nothing has to be changed.
    var isEmpty: Bool { lacks.isEmpty && formats == nil && !wantsOneType && !wantsItems }

    /// The rules with what a service taught us.
    func adding(_ facts: ModelFacts) -> SchemaRules {
        var rules = self
        rules.lacks += facts.keywords.filter { !lacks.contains($0) }
        rules.wantsItems = rules.wantsItems || facts.wantsItems
        return rules
    }
}

/// Writes one schema by the rules.
struct SchemaCleaner {
    private let rules: SchemaRules
    /// What references point into.
    private let root: JSON
    /// Keywords that were left out, once each.
    private(set) var dropped: [String] = []
    /// The references that are being replaced now: one inside itself has no end.
    private var open: [String] = []
    /// How many more references are replaced: schemas can say much in few words.
    private var expansions = 200

    init(_ rules: SchemaRules, root: JSON) {
        self.rules = rules
        self.root = root
    }

    /// A value where a schema stands: an object, or `true` or `false`.
    mutating func write(_ schema: JSON, into out: inout JSONWriter) {
        guard schema.isObject else { return out.value(schema) }
        out.beginObject()
        writeMembers(schema, into: &out)
        out.endObject()
    }

    /// The members of a schema, without those named in `skipping`.
    mutating func writeMembers(_ schema: JSON, skipping: [String] = [], into out: inout JSONWriter) {
        if let reference = schema["$ref"]?.string, rules.lacks.contains("$ref") {
            return replace(reference, schema, skipping, into: &out)
        }
        for (key, value) in schema.members {
            let name = key.string ?? ""
            if skipping.contains(name) { continue }
            writeMember(key, name, value, schema, into: &out)
        }
        let isArray = schema["type"]?.equals("array") ?? false
        if rules.wantsItems, isArray, schema["items"] == nil {
            out.key("items")
            out.raw("{}")
        }
    }

    private mutating func writeMember(
        _ key: JSON, _ name: String, _ value: JSON, _ schema: JSON, into out: inout JSONWriter
    ) {
        if rules.lacks.contains(name) {
            if name == "const" { return writeConstant(value, schema, into: &out) }
            return note(name)
        }
        switch name {
        case "type" where rules.wantsOneType && value.isArray: return writeType(value, into: &out)
        case "format":
            if let formats = rules.formats, !formats.contains(value.string ?? "") { return note("format") }
        case "enum" where rules.wantsOneType: return writeEnum(value, schema, into: &out)
        default: break
        }
        out.value(key)
        out.verbatim(":")
        writeValue(name, value, into: &out)
    }

    /// What stands behind a keyword: schemas where it has schemas, anything else as it is.
    private mutating func writeValue(_ name: String, _ value: JSON, into out: inout JSONWriter) {
        switch name {
        case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas":
            guard value.isObject else { return out.value(value) }
            out.beginObject()
            for (key, member) in value.members {
                out.value(key)
                out.verbatim(":")
                write(member, into: &out)
            }
            out.endObject()
        case "items", "prefixItems", "anyOf", "oneOf", "allOf":
            guard value.isArray else { return write(value, into: &out) }
            out.beginArray()
            for element in value.elements { write(element, into: &out) }
            out.endArray()
        case "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames",
            "unevaluatedProperties", "unevaluatedItems":
            write(value, into: &out)
        default: out.value(value)
        }
    }

    private mutating func note(_ name: String) { if !dropped.contains(name) { dropped.append(name) } }

    // MARK: What has another form

    private func writeConstant(_ value: JSON, _ schema: JSON, into out: inout JSONWriter) {
        if rules.wantsOneType, schema["type"] == nil, value.isString { out.field("type", "string") }
        out.key("enum")
        out.beginArray()
        out.value(value)
        out.endArray()
    }

    /// Without `null`, which `nullable` stands for, and with the type that it lacks.
    private func writeEnum(_ values: JSON, _ schema: JSON, into out: inout JSONWriter) {
        let named = values.elements.filter { !$0.isNull }
        if schema["type"] == nil, named.allSatisfy(\.isString) { out.field("type", "string") }
        out.key("enum")
        out.beginArray()
        for value in named { out.value(value) }
        out.endArray()
    }

    private func writeType(_ types: JSON, into out: inout JSONWriter) {
        let named = types.elements.filter { !$0.equals("null") }
        out.key("type")
        if let first = named.first { out.value(first) } else { out.string("null") }
        if named.count < types.count, !named.isEmpty { out.field("nullable", true) }
    }

    // MARK: References

    private mutating func replace(
        _ reference: String, _ schema: JSON, _ skipping: [String], into out: inout JSONWriter
    ) {
        guard !open.contains(reference), expansions > 0, let target = target(of: reference), target.isObject else {
            note("$ref")
            if !skipping.contains("type") { out.field("type", "object") }
            return
        }
        expansions -= 1
        open.append(reference)
        let own = schema.members.map { $0.key.string ?? "" }
        writeMembers(target, skipping: skipping + own, into: &out)
        open.removeLast()
        for (key, value) in schema.members where !key.equals("$ref") {
            let name = key.string ?? ""
            if !skipping.contains(name) { writeMember(key, name, value, schema, into: &out) }
        }
    }

    /// What `#/$defs/Name` points at.
    private func target(of reference: String) -> JSON? {
        guard reference.hasPrefix("#") else { return nil }
        var found = root
        for step in reference.dropFirst().split(separator: "/") {
            guard let next = found[String(step)] else { return nil }
            found = next
        }
        return found
    }
}
