/// Trims, fills up, wraps and cuts text for the terminal, and keeps control characters and passwords off it.
enum Text {
    /// Without white space at both ends.
    static func trim(_ text: some StringProtocol) -> String {
        let rest = text.drop(while: \.isWhitespace)
        guard let last = rest.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(rest[...last])
    }

    /// Without spaces at the end.
    static func trimEnd(_ text: String) -> String {
        guard let last = text.lastIndex(where: { $0 != " " }) else { return "" }
        return String(text[...last])
    }

    /// `1 call`, `2 calls`
    static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// Filled up with spaces on the right.
    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - Self.width(text)))
    }

    /// Filled up with spaces on the left.
    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - Self.width(text))) + text
    }

    /// Breaks text into lines of at most `width` characters, at spaces; the text's own line ends count as spaces.
    static func wrap(_ text: String, _ width: Int) -> String {
        var lines: [String] = []
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Its lines, where there is a width.
    static func wrapped(_ text: String, _ columns: Int?) -> [String] {
        columns.map { wrap(text, $0).split(separator: "\n").map(String.init) } ?? [text]
    }

    /// Titled notes, broken behind their titles where there is a width; several blanks between things of a list stay.
    static func notes(_ all: [(title: String, text: String)], _ columns: Int?) -> [String] {
        all.flatMap { title, text in
            filled(printable(text), columns.map { max(20, $0 - 11) } ?? .max).enumerated().map { index, line in
                cut(left(index == 0 ? title : "", 11) + line, columns ?? .max)
            }
        }
    }

    /// Lines of at most `width` columns, broken at blanks.
    private static func filled(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if let last = lines.last, Self.width(last) + 1 + Self.width(String(word)) <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.map(trim).filter { !$0.isEmpty }
    }

    /// At most `width` columns, with an ellipsis where something is missing.
    static func cut(_ text: String, _ width: Int) -> String {
        guard width > 0, Self.width(text) > width else { return text }
        var kept = String.UnicodeScalarView()
        var room = width - 1
        for scalar in text.unicodeScalars {
            room -= Self.width(scalar)
            if room < 0 { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }

    /// Control characters, and those that turn the direction of writing, become visible: `\x1b`. What models and tools
    /// write could otherwise steer the terminal.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar) { out += escape(scalar) } else { out.unicodeScalars.append(scalar) }
        }
        return out
    }

    /// URLs without the user name and password in front of their host.
    static func withoutCredentials(_ text: String) -> String {
        var out = ""
        var rest = text[...]
        while let slashes = rest.firstIndex(of: "/") {
            let isAuthority = rest[..<slashes].hasSuffix(":") && rest[slashes...].hasPrefix("//")
            let start = rest.index(slashes, offsetBy: isAuthority ? 2 : 1)
            out += rest[..<start]
            rest = rest[start...]
            guard isAuthority else { continue }
            let authority = rest.prefix { !"/?#, ".contains($0) }
            if let at = authority.lastIndex(of: "@") {
                out += "…"
                rest = rest[at...]
            }
        }
        return out + rest
    }

    /// What a terminal may take for an order, or for another direction of writing.
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return scalar.value < 0x100
            ? "\\x" + String(repeating: "0", count: 2 - digits.count) + digits : "\\u" + digits
    }
}
