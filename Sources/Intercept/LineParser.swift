/// Splits a byte stream into lines, however it is cut: for services that stream one JSON object a line. A line ends with LF
/// or CRLF; empty lines are left out.
public struct LineParser: Sendable {
    /// Bytes of an unfinished line.
    private var rest: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: the longest line in bytes; a longer one is an error.
    public init(limit: Int = 64 << 20) { self.limit = limit }

    /// Takes the next bytes; gives the lines that they complete, without their ends.
    public mutating func feed(_ bytes: Span<UInt8>) throws(TranslationError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var from = 0
        for at in bytes.indices where bytes[at] == 0x0A {
            append(bytes.extracting(from..<at))
            if let line = finish() { lines.append(line) }
            from = at + 1
        }
        append(bytes.extracting(from..<bytes.count))
        if rest.count > limit {
            throw TranslationError(MessageError(500, nil, "upstream sent a line of more than \(limit) bytes"))
        }
        return lines
    }

    /// The stream is over: gives the last line if its end is missing.
    public mutating func finish() -> [UInt8]? {
        var line: [UInt8] = []
        swap(&line, &rest)
        if line.last == 0x0D { line.removeLast() }
        return line.isEmpty ? nil : line
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { rest.append(contentsOf: $0) }
    }
}
