internal import Intercept

/// JSON with line ends and indentation, for a terminal. Numbers and strings stay as they are spelled; control characters
/// become escapes of JSON.
enum PrettyJSON {
    static func text(_ json: JSON) -> String {
        var out = ""
        write(json, "\n", &out)
        return out
    }

    private static func write(_ json: JSON, _ newline: String, _ out: inout String) {
        let inner = newline + "  "
        var isFirst = true
        func begin(_ bracket: String) {
            out += isFirst ? bracket + inner : "," + inner
            isFirst = false
        }
        switch json.kind {
        case .object where !json.isEmpty:
            for (key, value) in json.members {
                begin("{")
                out += spelled(key) + ": "
                write(value, inner, &out)
            }
            out += newline + "}"
        case .array where !json.isEmpty:
            for element in json.elements {
                begin("[")
                write(element, inner, &out)
            }
            out += newline + "]"
        default: out += spelled(json)
        }
    }

    private static func spelled(_ json: JSON) -> String {
        String(decoding: ScreenText.json.shown(Array(json.raw)), as: UTF8.self)
    }
}
