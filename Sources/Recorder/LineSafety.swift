/// Whether JSON can stand in a line that every reader takes: no line end between tokens, no half of a surrogate pair
/// (DuckDB and jq refuse the whole line), not nested too deep.
internal import CSystem

enum LineSafety {
    /// Nesting that a record adds to what it holds stays below the reader's limit of 256.
    static let maximumDepth = 240

    /// Whether the JSON text can be written as it is.
    static func isSafe(_ json: [UInt8]) -> Bool {
        let counts = survey(json)
        if counts.line_end != 0 { return false }
        if counts.openings > maximumDepth, depth(json) > maximumDepth { return false }
        return counts.surrogate_escape == 0 || loneSurrogates(in: json).isEmpty
    }

    /// The same JSON value made safe: line ends become blanks, lone surrogates U+FFFD. For values that need not keep
    /// their exact bytes.
    static func repaired(_ json: [UInt8]) -> [UInt8] {
        if isSafe(json) { return json }
        var out = json.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }
        for at in loneSurrogates(in: json) { out.replaceSubrange(at + 2..<at + 6, with: "fffd".utf8) }
        return out
    }

    private static func survey(_ json: [UInt8]) -> bytesx_marks {
        json.withUnsafeBufferPointer { all in
            all.baseAddress.map { bytesx_survey($0, all.count) }
                ?? bytesx_marks(line_end: 0, surrogate_escape: 0, openings: 0)
        }
    }

    /// How deep arrays and objects nest.
    static func depth(_ json: [UInt8]) -> Int {
        json.withUnsafeBufferPointer { all in
            guard let base = all.baseAddress else { return 0 }
            var depth = 0
            var deepest = 0
            var at = 0
            while at < all.count {
                switch all[at] {
                case 0x22: at = stringEnd(base, at + 1, all.count)
                case 0x5B, 0x7B:
                    depth += 1
                    deepest = max(deepest, depth)
                case 0x5D, 0x7D: depth -= 1
                default: break
                }
                at += 1
            }
            return deepest
        }
    }

    /// Where the string whose content begins at `from` has its closing quote.
    private static func stringEnd(_ base: UnsafePointer<UInt8>, _ from: Int, _ count: Int) -> Int {
        var at = from
        var hasEscape: Int32 = 0
        while true {
            at += bytesx_string_run(base + at, count - at, &hasEscape)
            guard at < count, base[at] != 0x22 else { return at }
            at = min(at + (base[at] == 0x5C ? 2 : 1), count)
        }
    }

    /// Where `\uD8XX` escapes stand that are no half of a pair.
    static func loneSurrogates(in json: [UInt8]) -> [Int] {
        var found: [Int] = []
        var at = 0
        while let escape = backslash(in: json, from: at), escape + 1 < json.count {
            at = escape
            guard json[at + 1] == 0x75, let unit = unit(json, at) else {
                at += 2
                continue
            }
            let low = at + 6 < json.count && json[at + 6] == 0x5C ? Self.unit(json, at + 6) : nil
            if (0xD800..<0xDC00).contains(unit), let low, (0xDC00..<0xE000).contains(low) {
                at += 12
                continue
            }
            if (0xD800..<0xE000).contains(unit) { found.append(at) }
            at += 6
        }
        return found
    }

    private static func backslash(in json: [UInt8], from: Int) -> Int? {
        json.withUnsafeBytes { all in
            guard from < all.count, let base = all.baseAddress, let found = memchr(base + from, 0x5C, all.count - from)
            else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    /// The number in `\uXXXX` at this index.
    private static func unit(_ json: [UInt8], _ at: Int) -> UInt16? {
        guard at + 5 < json.count, json[at + 1] == 0x75 else { return nil }
        return UInt16(String(decoding: json[at + 2..<at + 6], as: UTF8.self), radix: 16)
    }
}
