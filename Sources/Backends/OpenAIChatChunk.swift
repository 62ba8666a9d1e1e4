internal import Intercept

/// A chunk of the usual form, read in one pass and without an index over it: nothing but a piece of text, of reasoning or
/// of one call's arguments. Nearly all chunks of a stream are such; for any other the reader gives up, and the chunk is
/// parsed as JSON.
struct PlainChunk {
    enum Kind { case text, reasoning, arguments }

    /// The one piece that the chunk brings, and where it stands; nil when it brings nothing.
    private(set) var piece: (kind: Kind, range: Range<Int>)?
    /// `index` of the call.
    private(set) var call: Int?
    /// Contents of top-level strings that say nothing about the answer: ids, names, padding.
    private var idle: [Range<Int>] = []
    private var at = 0

    /// Where a member stands.
    private enum Level { case chunk, choice, delta, call, function }

    /// Reads the chunk; nil when there is more in it than one piece, or anything unexpected.
    init?(_ bytes: [UInt8]) {
        let all = bytes[...]
        let span = all.span
        guard members(span, .chunk) else { return nil }
        skipBlanks(span)
        guard at == span.count, (piece?.kind == .arguments) == (call != nil) else { return nil }
    }

    /// The pattern that the next chunk probably fits, and which of its holes has the piece; nil when there is none.
    func pattern(_ bytes: [UInt8]) -> (pattern: JSONPattern, hole: Int)? {
        guard let piece else { return nil }
        let hole = idle.count { $0.lowerBound < piece.range.lowerBound }
        var holes = idle
        holes.insert(piece.range, at: hole)
        return (JSONPattern(bytes, 0..<bytes.count, holes: holes), hole)
    }

    /// The bytes of a piece as text, or nil when they are no valid JSON string.
    static func text(_ range: Range<Int>, of bytes: [UInt8]) -> JSONText? {
        let piece = Array(bytes[range])
        if piece.allSatisfy({ $0 >= 0x20 && $0 < 0x80 && $0 != 0x5C }) { return JSONText(escaped: piece, plain: true) }
        return (try? JSON.parse(Array(bytes[range.lowerBound - 1..<range.upperBound + 1]))) == nil
            ? nil : JSONText(escaped: piece)
    }

    // MARK: Members

    private mutating func members(_ span: Span<UInt8>, _ level: Level) -> Bool {
        guard take(span, "{") else { return false }
        if take(span, "}") { return true }
        repeat {
            guard let key = string(span), take(span, ":"), member(span, key, level) else { return false }
        } while take(span, ",")
        return take(span, "}")
    }

    private mutating func member(_ span: Span<UInt8>, _ key: Range<Int>, _ level: Level) -> Bool {
        switch level {
        case .chunk: return chunkMember(span, key)
        case .choice: return choiceMember(span, key)
        case .delta: return deltaMember(span, key)
        case .call: return callMember(span, key)
        case .function:
            if key.count == 9, names(span, key, "arguments") { return piece(span, .arguments) }
            return isEmpty(span)
        }
    }

    private mutating func chunkMember(_ span: Span<UInt8>, _ key: Range<Int>) -> Bool {
        switch key.count {
        case 7 where names(span, key, "choices"): one(span, .choice)
        case 5 where names(span, key, "usage") || names(span, key, "error"): isNull(span)
        case 6 where names(span, key, "x_groq"): false
        default: skipIdle(span)
        }
    }

    private mutating func skipIdle(_ span: Span<UInt8>) -> Bool {
        skipBlanks(span)
        guard at < span.count, span[at] == UInt8(ascii: "\"") else { return skip(span) }
        guard let content = string(span) else { return false }
        idle.append(content)
        return true
    }

    private mutating func choiceMember(_ span: Span<UInt8>, _ key: Range<Int>) -> Bool {
        switch key.count {
        case 5 where names(span, key, "delta"): members(span, .delta)
        case 13 where names(span, key, "finish_reason"), 11 where names(span, key, "stop_reason"): isNull(span)
        case 5 where names(span, key, "error"): isNull(span)
        case 7 where names(span, key, "message"): false
        default: skip(span)
        }
    }

    private mutating func deltaMember(_ span: Span<UInt8>, _ key: Range<Int>) -> Bool {
        switch key.count {
        case 7 where names(span, key, "content"): piece(span, .text)
        case 9 where names(span, key, "reasoning"), 17 where names(span, key, "reasoning_content"):
            piece(span, .reasoning)
        case 10 where names(span, key, "tool_calls"): one(span, .call)
        case 4 where names(span, key, "role"): skip(span)
        default: isEmpty(span)
        }
    }

    private mutating func callMember(_ span: Span<UInt8>, _ key: Range<Int>) -> Bool {
        switch key.count {
        case 8 where names(span, key, "function"): members(span, .function)
        case 5 where names(span, key, "index"): index(span)
        case 4 where names(span, key, "type"): skip(span)
        default: isEmpty(span)
        }
    }

    /// An array with one element.
    private mutating func one(_ span: Span<UInt8>, _ level: Level) -> Bool {
        take(span, "[") && members(span, level) && take(span, "]")
    }

    /// A string that is remembered unless it is empty; or null.
    private mutating func piece(_ span: Span<UInt8>, _ kind: Kind) -> Bool {
        skipBlanks(span)
        guard at < span.count, span[at] == UInt8(ascii: "\"") else { return isNull(span) }
        guard let range = string(span) else { return false }
        if range.isEmpty { return true }
        guard piece == nil else { return false }
        piece = (kind, range)
        return true
    }

    private mutating func index(_ span: Span<UInt8>) -> Bool {
        skipBlanks(span)
        guard at < span.count, span[at] &- 0x30 < 10 else { return false }
        call = Int(span[at] &- 0x30)
        at += 1
        return at < span.count && span[at] &- 0x30 >= 10
    }

    // MARK: Values

    private mutating func isNull(_ span: Span<UInt8>) -> Bool {
        skipBlanks(span)
        guard at + 4 <= span.count, names(span, at..<at + 4, "null") else { return false }
        at += 4
        return true
    }

    /// null or an empty string.
    private mutating func isEmpty(_ span: Span<UInt8>) -> Bool {
        skipBlanks(span)
        guard at < span.count, span[at] == UInt8(ascii: "\"") else { return isNull(span) }
        return string(span)?.isEmpty ?? false
    }

    /// Steps over a value of any kind.
    private mutating func skip(_ span: Span<UInt8>) -> Bool {
        skipBlanks(span)
        guard at < span.count else { return false }
        switch span[at] {
        case UInt8(ascii: "\""): return string(span) != nil
        case UInt8(ascii: "{"), UInt8(ascii: "["): return skipNested(span)
        default:
            while at < span.count, span[at] != UInt8(ascii: ","), span[at] != UInt8(ascii: "}"),
                span[at] != UInt8(ascii: "]")
            {
                at += 1
            }
            return true
        }
    }

    private mutating func skipNested(_ span: Span<UInt8>) -> Bool {
        var depth = 0
        while at < span.count {
            switch span[at] {
            case UInt8(ascii: "\""):
                if string(span) == nil { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 {
                    at += 1
                    return true
                }
            default: break
            }
            at += 1
        }
        return false
    }

    /// Steps over a string; gives what stands between its quotes.
    private mutating func string(_ span: Span<UInt8>) -> Range<Int>? {
        guard take(span, "\"") else { return nil }
        let start = at
        let raw = span.bytes
        while at < span.count {
            if at &+ 8 <= span.count {
                let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
                let found = Self.quoteOrBackslash(word)
                if found == 0 {
                    at &+= 8
                    continue
                }
                at &+= found.trailingZeroBitCount &>> 3
            }
            switch span[at] {
            case UInt8(ascii: "\""):
                at &+= 1
                return start..<at &- 1
            case UInt8(ascii: "\\"): at &+= 2
            default: at &+= 1
            }
        }
        return nil
    }

    /// The lowest set bit belongs to the first quote or backslash of eight bytes; 0 when there is none.
    private static func quoteOrBackslash(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        return ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & (ones &* 0x80)
    }

    @inline(__always)
    private mutating func take(_ span: Span<UInt8>, _ sign: Unicode.Scalar) -> Bool {
        skipBlanks(span)
        guard at < span.count, span[at] == UInt8(ascii: sign) else { return false }
        at &+= 1
        return true
    }

    @inline(__always)
    private mutating func skipBlanks(_ span: Span<UInt8>) {
        while at < span.count, span[at] == 0x20 { at &+= 1 }
    }

    /// Whether the bytes in this range, which has the name's length, are the name.
    private func names(_ span: Span<UInt8>, _ key: Range<Int>, _ name: StaticString) -> Bool {
        for offset in 0..<key.count where span[key.lowerBound + offset] != (name.utf8Start + offset).pointee {
            return false
        }
        return true
    }
}
