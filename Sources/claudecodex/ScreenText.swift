#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Recorded content on its way to a terminal, which it must not steer. Files and pipes get the bytes as they were recorded.
enum ScreenText {
    /// JSON stays JSON that says the same: `\u009b`.
    case json
    /// Other text, with its line ends and tabs: `\x1b`.
    case lines

    /// Whether somebody looks at what goes there, whatever kind of terminal it is.
    static func isScreen(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    static var isStandardOutput: Bool { isScreen(STDOUT_FILENO) }

    /// For a terminal; invalid UTF-8 becomes U+FFFD.
    func shown(_ bytes: [UInt8]) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        let all = text.unicodeScalars
        var out = String.UnicodeScalarView()
        var isAfterReturn = false
        for scalar in all {
            defer { isAfterReturn = scalar == "\r" }
            if isAfterReturn, scalar != "\n" { out.append(contentsOf: escape("\r").unicodeScalars) }
            if isAfterReturn, scalar == "\n" { out.append("\r") }
            if scalar == "\r" { continue }
            if scalar == "\n" || scalar == "\t" || !Text.isUnsafe(scalar) {
                out.append(scalar)
            } else {
                out.append(contentsOf: escape(scalar).unicodeScalars)
            }
        }
        if isAfterReturn { out.append(contentsOf: escape("\r").unicodeScalars) }
        return Array(String(out).utf8)
    }

    private func escape(_ scalar: Unicode.Scalar) -> String {
        guard case .json = self else { return Text.printable(String(scalar)) }
        // Between the members of JSON, where a text cannot stand.
        if scalar == "\r" { return " " }
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
