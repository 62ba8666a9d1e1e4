/// Finds and replaces text in text without the standard library's search.
extension StringProtocol {
    /// Whether `text` stands in this, byte for byte. Stands before the standard library's own search, which compares by
    /// characters and would link a whole regular-expression engine (1.7 MB).
    public func contains(_ text: String) -> Bool {
        var (all, wanted) = (String(self), text)
        return all.withUTF8 { all in
            wanted.withUTF8 { wanted in
                guard let first = wanted.first else { return true }
                guard all.count >= wanted.count else { return false }
                for start in 0...(all.count - wanted.count) where all[start] == first {
                    if all[start..<start + wanted.count].elementsEqual(wanted) { return true }
                }
                return false
            }
        }
    }

    /// What stands before, between and behind the places where `text` stands: one part if it stands nowhere.
    public func parts(around text: String) -> [String] {
        let (all, wanted) = (Array(utf8), Array(text.utf8))
        guard let first = wanted.first, all.count >= wanted.count else { return [String(self)] }
        var parts: [String] = []
        var (from, at) = (0, 0)
        while at <= all.count - wanted.count {
            guard all[at] == first, all[at..<at + wanted.count].elementsEqual(wanted) else {
                at += 1
                continue
            }
            parts.append(String(decoding: all[from..<at], as: UTF8.self))
            at += wanted.count
            from = at
        }
        return parts + [String(decoding: all[from...], as: UTF8.self)]
    }

    /// This with `other` wherever `text` stands. Stands before the standard library's own for the same reason.
    public func replacing(_ text: String, with other: String) -> String {
        parts(around: text).joined(separator: other)
    }
}
