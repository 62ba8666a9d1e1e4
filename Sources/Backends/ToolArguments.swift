internal import Intercept

/// The arguments of one tool call as they come in. Passes them on at once and undivided, but notices where the object
/// ends, holds a `{}` that may be only a beginning, and mends what is no object when everything is there.
///
/// Works on the escaped text of the chunks: a quote of the arguments is `\"` here.
struct ToolArguments: Sendable {
    private enum Phase {
        /// Nothing yet but blanks.
        case start
        /// `{` has come and is held: `}` may follow.
        case brace
        /// `{}` has come and is held: some services send it first and the object behind.
        case empty
        case inside
        /// The object has ended.
        case complete
        /// No object: everything is held.
        case other
    }

    private var phase = Phase.start
    private var depth = 0
    private var isInString = false
    /// A backslash of the arguments came last: the next character belongs to it.
    private var isEscaped = false
    /// The brace came with an earlier fragment.
    private var owesBrace = false
    private var held = JSONText(escaped: [], plain: true)
    /// Something came behind the end of the object.
    private(set) var hasExtra = false

    /// Whether the object has ended, so that the next call can begin.
    var isComplete: Bool { phase == .complete }
    /// Whether an object was begun and not ended.
    var isUnfinished: Bool { phase == .brace || phase == .inside }

    /// Takes the next fragment; gives what may be passed on.
    mutating func feed(_ text: JSONText) -> JSONText? {
        if phase == .other {
            held.append(text)
            return nil
        }
        let bytes = text.escaped
        var from = 0
        var at = 0
        var end = bytes.count
        while at < bytes.count, phase != .other {
            if phase == .inside {
                at = walk(bytes, at)
                if phase == .complete { end = at }
                continue
            }
            let sign = Sign(bytes, at)
            if begin(sign.kind, at, &from) { at += sign.length }
        }
        return pass(text, from..<max(from, end))
    }

    /// Takes one character outside the object; gives whether it is used up.
    private mutating func begin(_ kind: Sign.Kind, _ at: Int, _ from: inout Int) -> Bool {
        switch (phase, kind) {
        case (.start, .blank), (.brace, .blank), (.empty, .blank), (.complete, .blank): return true
        case (.start, .open), (.empty, .open):
            phase = .brace
            owesBrace = false
            from = at
        case (.brace, .close): phase = .empty
        case (.brace, _):
            phase = .inside
            depth = 1
            return false
        case (.start, _): phase = .other
        default: hasExtra = true
        }
        return true
    }

    private mutating func pass(_ text: JSONText, _ range: Range<Int>) -> JSONText? {
        switch phase {
        case .other: held.append(text)
        case .brace: owesBrace = true
        case .inside, .complete:
            guard !range.isEmpty, !(phase == .complete && depth < 0) else { return nil }
            if phase == .complete { depth = -1 }
            if owesBrace {
                owesBrace = false
                return JSONText(escaped: [UInt8(ascii: "{")] + text.escaped[range])
            }
            return range.count == text.count ? text : JSONText(escaped: Array(text.escaped[range]))
        case .start, .empty: break
        }
        return nil
    }

    /// Walks through the object; gives where it stopped: at the end of the bytes, or behind the object.
    private mutating func walk(_ bytes: [UInt8], _ start: Int) -> Int {
        let all = bytes[...]
        let span = all.span
        var at = start
        while at < span.count {
            let byte = span[at]
            if byte == 0x5C {
                let sign = Sign(bytes, at)
                at &+= sign.length
                step(sign.kind)
            } else {
                at &+= 1
                // Inside a string only escapes matter here: its end is one.
                if isInString { isEscaped = false } else { step(Sign.kind(byte)) }
            }
            if phase == .complete { return at }
        }
        return at
    }

    private mutating func step(_ kind: Sign.Kind) {
        if isEscaped {
            isEscaped = false
            return
        }
        switch kind {
        case .quote: isInString.toggle()
        case .backslash: isEscaped = isInString
        case .open, .openArray: if !isInString { depth += 1 }
        case .close, .closeArray:
            if isInString { return }
            depth -= 1
            if depth == 0 { phase = .complete }
        case .blank, .other: break
        }
    }

    /// Everything has come: gives what was held, mended where that is possible, and what was wrong.
    ///
    mutating func finish() -> (text: JSONText?, problem: String?) {
        defer { phase = .complete }
        switch phase {
        case .start, .empty: return ("{}", nil)
        case .brace: return ("{", "the arguments end in the middle")
        case .inside: return (nil, "the arguments end in the middle")
        case .complete: return (nil, hasExtra ? "something behind the arguments was left out" : nil)
        case .other:
            guard let object = ArgumentRepair.object(in: held.utf8Bytes) else {
                return (held, "the arguments are no JSON object")
            }
            return (object, object == "{}" ? nil : "the object was taken out of what stood around it")
        }
    }
}

/// One character of the arguments inside the text of a chunk.
private struct Sign {
    enum Kind { case open, close, openArray, closeArray, quote, backslash, blank, other }

    let kind: Kind
    let length: Int

    init(_ bytes: [UInt8], _ at: Int) {
        let byte = bytes[at]
        guard byte == 0x5C, at + 1 < bytes.count else {
            (kind, length) = (Self.kind(byte), 1)
            return
        }
        switch bytes[at + 1] {
        case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"): (kind, length) = (.blank, 2)
        case UInt8(ascii: "u"):
            let digits = String(decoding: bytes[min(at + 2, bytes.count)..<min(at + 6, bytes.count)], as: UTF8.self)
            (kind, length) = (UInt8(digits, radix: 16).map(Self.kind) ?? .other, 2 + digits.utf8.count)
        case let next: (kind, length) = (Self.kind(next), 2)
        }
    }

    static func kind(_ byte: UInt8) -> Kind {
        switch byte {
        case UInt8(ascii: "{"): .open
        case UInt8(ascii: "}"): .close
        case UInt8(ascii: "["): .openArray
        case UInt8(ascii: "]"): .closeArray
        case UInt8(ascii: "\""): .quote
        case UInt8(ascii: "\\"): .backslash
        case 0x20, 0x0A, 0x0D, 0x09: .blank
        default: .other
        }
    }
}

/// Makes an object of arguments that are none: one attempt, nothing clever.
enum ArgumentRepair {
    /// The object in a text that has something around it: a code fence, quotes, `null`. nil when there is none.
    static func object(in text: [UInt8]) -> JSONText? {
        let plain = unfenced(text)
        guard let json = try? JSON.parse(plain) else { return nil }
        if json.isObject { return JSONText(utf8: plain) }
        if let inner = json.text?.utf8Bytes { return inner.isEmpty ? "{}" : object(in: inner) }
        return json.isNull || json.isArray && json.isEmpty ? "{}" : nil
    }

    /// The arguments of a call in a whole answer, where only an object will do: as they are, mended, or nil.
    ///
    /// - Parameter mends: closes what is open. Never for an answer that was cut: half a command must not run.
    static func whole(_ text: [UInt8], mends: Bool) -> JSONText? {
        if text.allSatisfy({ $0 <= 0x20 }) { return "{}" }
        if let object = object(in: text) { return object }
        guard mends, let closed = closed(unfenced(text)), let json = try? JSON.parse(closed), json.isObject else {
            return nil
        }
        return JSONText(utf8: closed)
    }

    private static func unfenced(_ text: [UInt8]) -> [UInt8] {
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.first?.starts(with: "```".utf8) ?? false else { return text }
        lines.removeFirst()
        if let end = lines.lastIndex(where: { $0.starts(with: "```".utf8) }) { lines.removeSubrange(end...) }
        return Array(lines.joined(separator: [0x0A]))
    }

    /// The text with its open strings, arrays and objects closed.
    private static func closed(_ text: [UInt8]) -> [UInt8]? {
        var open: [UInt8] = []
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isEscaped {
                isEscaped = false
            } else if isInString {
                if byte == 0x5C { isEscaped = true } else if byte == 0x22 { isInString = false }
            } else {
                switch byte {
                case 0x22: isInString = true
                case UInt8(ascii: "{"): open.append(UInt8(ascii: "}"))
                case UInt8(ascii: "["): open.append(UInt8(ascii: "]"))
                case UInt8(ascii: "}"), UInt8(ascii: "]"): if open.popLast() != byte { return nil }
                default: break
                }
            }
        }
        if isEscaped { return nil }
        return text + (isInString ? [0x22] : []) + open.reversed()
    }
}
