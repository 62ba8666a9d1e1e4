internal import Intercept

/// Names of tools that a service with the rule `[a-zA-Z0-9_-]{1,64}` accepts, and the way back. Stateless: an alias is
/// made from the name alone, and turned back by making the aliases of the request's own names again.
struct ToolNames: Sendable {
    /// From alias to the client's name; only names that needed one.
    private let originals: [String: String]

    /// Collects the names of the offered tools and of the calls in the history.
    ///
    /// - Parameter beginsWithLetter: the service takes no name that begins with a digit or `-`.
    init(_ request: MessageRequest, beginsWithLetter: Bool = false) {
        var found: [String: String] = [:]
        func note(_ name: JSON?) {
            guard let name, !Self.isLegal(name, beginsWithLetter: beginsWithLetter), let original = name.string else {
                return
            }
            found[Self.alias(original, beginsWithLetter: beginsWithLetter)] = original
        }
        if let tools = request.tools {
            for tool in tools { note(tool["name"]) }
        }
        for message in request.messages {
            guard let role = message["role"], role.equals("assistant"), let content = message["content"] else {
                continue
            }
            for block in content.elements where block["type"]?.equals("tool_use") ?? false { note(block["name"]) }
        }
        originals = found
    }

    /// The client's name of what the service calls so.
    func original(_ name: String) -> String { originals[name] ?? name }

    /// Whether the service takes the name as it is.
    static func isLegal(_ name: JSON, beginsWithLetter: Bool = false) -> Bool {
        let range = name.range
        guard name.isString, range.count > 2, range.count <= 66 else { return false }
        let bytes = name.document.bytes
        if beginsWithLetter, !isFirst(bytes[range.lowerBound + 1]) { return false }
        for at in range.dropFirst().dropLast() where !isLegal(bytes[at]) { return false }
        return true
    }

    static func isLegal(_ name: String, beginsWithLetter: Bool = false) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy(isLegal) && (!beginsWithLetter || isFirst(first))
    }

    /// A letter or an underscore.
    private static func isFirst(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_") }

    static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The beginning of the name and a hash of the whole: names that begin alike stay apart.
    static func alias(_ name: String, beginsWithLetter: Bool = false) -> String {
        if isLegal(name, beginsWithLetter: beginsWithLetter) { return name }
        var start = name.utf8.prefix(55).map { isLegal($0) ? $0 : UInt8(ascii: "_") }
        if beginsWithLetter, let first = start.first, !isFirst(first) { start[0] = UInt8(ascii: "_") }
        let hash = Identifier.hex(SHA256.hash(Array(name.utf8)).prefix(4))
        return String(decoding: start, as: UTF8.self) + "_" + hash
    }
}

/// Identifiers of tool calls, with the same rule.
enum ToolCallID {
    private static let mark = "ccx_"

    /// What the client sees of the service's id: the same when it is legal, else a form that can be turned back.
    static func shown(_ id: String) -> String {
        ToolNames.isLegal(id) && !id.hasPrefix(mark) ? id : mark + Base64URL.encode(Array(id.utf8))
    }

    /// What the service is told of the client's id.
    static func sent(_ id: String) -> String {
        if id.hasPrefix(mark), let bytes = Base64URL.decode(id.utf8.dropFirst(mark.utf8.count)), !bytes.isEmpty {
            return String(decoding: bytes, as: UTF8.self)
        }
        return ToolNames.alias(id)
    }

    /// Nine letters and digits made from an id, for services that want exactly that; the same for the same id.
    static func nine(_ id: String) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(
            decoding: SHA256.hash(Array(id.utf8)).prefix(9).map { letters[Int($0) % letters.count] }, as: UTF8.self)
    }

    /// Whether an id is nine letters and digits already.
    static func isNine(_ id: String) -> Bool {
        id.utf8.count == 9 && id.utf8.allSatisfy { ToolNames.isLegal($0) && $0 != 0x2D && $0 != 0x5F }
    }

    /// An id of our own, for a service that gave none.
    static func made() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let digits = Identifier.random(24).map { letters[Int($0) % letters.count] }
        return "toolu_" + String(decoding: digits, as: UTF8.self)
    }
}
