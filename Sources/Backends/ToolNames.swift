internal import Intercept

/// Names of tools that a service with the rule `[a-zA-Z0-9_-]{1,64}` accepts, and the way back. Stateless: an alias is
/// made from the name alone, and turned back by making the aliases of the request's own names again.
struct ToolNames: Sendable {
    /// From alias to the client's name; only names that needed one.
    private let originals: [String: String]

    /// Collects the names of the offered tools and of the calls in the history.
    init(_ request: MessageRequest) {
        var found: [String: String] = [:]
        func note(_ name: JSON?) {
            guard let name, !Self.isLegal(name), let original = name.string else { return }
            found[Self.alias(original)] = original
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
    static func isLegal(_ name: JSON) -> Bool {
        let range = name.range
        guard name.isString, range.count > 2, range.count <= 66 else { return false }
        let bytes = name.document.bytes
        for at in range.dropFirst().dropLast() where !isLegal(bytes[at]) { return false }
        return true
    }

    static func isLegal(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(isLegal)
    }

    static func isLegal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The beginning of the name and a hash of the whole: names that begin alike stay apart.
    static func alias(_ name: String) -> String {
        if isLegal(name) { return name }
        let start = name.utf8.prefix(55).map { isLegal($0) ? $0 : UInt8(ascii: "_") }
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

    /// An id of our own, for a service that gave none.
    static func made() -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let digits = Identifier.random(24).map { letters[Int($0) % letters.count] }
        return "toolu_" + String(decoding: digits, as: UTF8.self)
    }
}
