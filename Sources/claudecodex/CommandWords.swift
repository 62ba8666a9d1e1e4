/// A command line taken apart into words: blanks separate, quotes keep together, a backslash takes the next character as
/// it is (in single quotes it is an ordinary one). Nothing else means anything: no variables, globs, pipes or redirections.
enum CommandWords {
    static func split(_ text: String) -> Result<[String], RuleProblem> {
        var words: [String] = []
        var word: [UInt8]?
        var quote: UInt8?
        var bytes = Array(text.utf8).makeIterator()
        while let byte = bytes.next() {
            switch (byte, quote) {
            case (UInt8(ascii: "\\"), let open) where open != UInt8(ascii: "'"):
                guard let next = bytes.next() else {
                    return .failure(RuleProblem(text: "nothing behind the backslash"))
                }
                word = (word ?? []) + [next]
            case (_, let open?):
                if byte == open { quote = nil } else { word?.append(byte) }
            case (UInt8(ascii: "'"), nil), (UInt8(ascii: "\""), nil):
                quote = byte
                word = word ?? []
            case (0x20, nil), (0x09, nil), (0x0A, nil):
                if let word { words.append(String(decoding: word, as: UTF8.self)) }
                word = nil
            default: word = (word ?? []) + [byte]
            }
        }
        guard quote == nil else { return .failure(RuleProblem(text: "a quote is not closed")) }
        if let word { words.append(String(decoding: word, as: UTF8.self)) }
        return words.first?.isEmpty ?? true ? .failure(RuleProblem(text: "expected a command")) : .success(words)
    }
}
