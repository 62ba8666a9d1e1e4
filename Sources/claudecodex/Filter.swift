internal import Intercept

/// The one filter language: `tool=Bash error gap>2s session=5f0c since=1h`. Terms are joined by "and"; there are no
/// parentheses and no "or": that is what jq and DuckDB are for.
struct Filter {
    /// What one thing answers when it is asked for a field.
    enum Value {
        case text(String)
        case number(Double)
        case flag(Bool)
    }

    /// A comparison: `field op value`; a bare field asks whether it is true.
    private struct Term {
        let field: String
        let op: String
        let value: String
        let number: Double?
    }

    /// The fields that something can be asked for, each with what it is.
    struct Fields {
        let names: [String]
        /// Fields of which a bare word asks whether they contain it.
        let searched: [String]
    }

    private var terms: [Term] = []
    private let fields: Fields

    private static let operators = [">=", "<=", "!=", "!~", "=", "~", ">", "<"]

    /// - Parameter now: for `since=1h`.
    init(_ texts: [String], _ fields: Fields, now: Timestamp = .now()) throws(Failure) {
        self.fields = fields
        for text in texts { terms.append(try Self.term(text, fields, now)) }
    }

    var isEmpty: Bool { terms.isEmpty }

    /// Whether every term holds; `lookup` gives nil for a field that this thing does not have, which fits no term but `!=`
    /// and `!~`.
    func matches(_ lookup: (String) -> Value?) -> Bool {
        terms.allSatisfy { term in
            if term.field.isEmpty { return fields.searched.contains { Self.holds(term, lookup($0)) } }
            return Self.holds(term, lookup(term.field))
        }
    }

    private static func term(_ text: String, _ fields: Fields, _ now: Timestamp) throws(Failure) -> Term {
        let name = String(text.prefix { $0.isLetter || $0 == "_" })
        let rest = text.dropFirst(name.count)
        guard let op = operators.first(where: { rest.hasPrefix($0) }), !name.isEmpty else {
            let isField = fields.names.contains(text)
            return Term(field: isField ? text : "", op: isField ? "is" : "~", value: text, number: nil)
        }
        let value = String(rest.dropFirst(op.count))
        guard name != "since" else { return try since(value, op, now) }
        guard fields.names.contains(name) else {
            throw .usage(
                "filter '\(text)': there is no field '\(name)'" + Suggestion.phrase(for: name, in: fields.names),
                "fields: \(fields.names.joined(separator: " ")) since", "operators: = != ~ (contains) !~ > >= < <=")
        }
        let number = Self.number(value)
        if [">", "<", ">=", "<="].contains(op), number == nil {
            throw .usage("filter '\(text)': '\(value)' is no number", "such as 500, 2s, 150ms, 40%, 10k")
        }
        return Term(field: name, op: op, value: value.lowercased(), number: number)
    }

    /// `since=90m`, `since=2026-11-21`, `since=2026-11-21T12:00`: compared with times of day as text.
    private static func since(_ value: String, _ op: String, _ now: Timestamp) throws(Failure) -> Term {
        guard op == "=" else { throw .usage("filter 'since\(op)\(value)': write since=\(value)") }
        if value.count >= 10, value.first?.isNumber ?? false, value.contains("-") {
            let whole = (value.uppercased() + "0000-01-01T00:00:00.000Z".dropFirst(value.count)).prefix(23) + "Z"
            guard let time = Timestamp(rfc3339: String(whole)), time.rfc3339.prefix(10) == value.prefix(10) else {
                throw .usage(
                    "filter 'since=\(value)': there is no such date", "since=2026-11-21, since=2026-11-21T12:00")
            }
            return Term(field: "time", op: ">=", value: value.uppercased(), number: nil)
        }
        let days = value.hasSuffix("d") ? Double(value.dropLast()).map { $0 * 86_400_000 } : nil
        guard days?.isFinite ?? true, let milliseconds = days ?? Quantity.milliseconds(value).map(Double.init) else {
            throw .usage(
                "filter 'since=\(value)': expected a duration or a date", "since=90m, since=2d, since=2026-11-21")
        }
        let start = Timestamp(nanoseconds: now.nanoseconds - Int64(min(max(milliseconds, 0), 1e12) * 1_000_000))
        return Term(field: "time", op: ">=", value: start.rfc3339, number: nil)
    }

    /// `500`, `40%` (0.4), `10k`, and durations in milliseconds: `2s`, `150ms`.
    private static func number(_ text: String) -> Double? {
        if let plain = Double(text) { return plain }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(digits) else { return nil }
        switch text.dropFirst(digits.count).lowercased() {
        case "%": return value / 100
        case "k": return value * 1000
        case "ms": return value
        case "s": return value * 1000
        case "m", "min": return value * 60_000
        case "h": return value * 3_600_000
        default: return nil
        }
    }

    private static func holds(_ term: Term, _ value: Value?) -> Bool {
        switch value {
        case nil: term.op == "!=" || term.op == "!~"
        case .flag(let flag): term.op == "is" ? flag : compare(flag ? 1 : 0, term)
        case .number(let number): term.op == "is" ? number != 0 : compare(number, term)
        case .text(let text): term.op == "is" ? !text.isEmpty : compare(text, term)
        }
    }

    private static func compare(_ number: Double, _ term: Term) -> Bool {
        guard let wanted = term.number ?? ["true": 1, "false": 0][term.value] else { return false }
        return switch term.op {
        case "=": number == wanted
        case "!=": number != wanted
        case ">": number > wanted
        case ">=": number >= wanted
        case "<": number < wanted
        case "<=": number <= wanted
        default: false
        }
    }

    private static func compare(_ text: String, _ term: Term) -> Bool {
        let here = text.lowercased()
        return switch term.op {
        case "=": here == term.value
        case "!=": here != term.value
        case "~": here.contains(term.value)
        case "!~": !here.contains(term.value)
        case ">=": text >= term.value
        default: false
        }
    }
}
