/// The shapes without which a conversation cannot be carried to another service: known blocks must hold what they are
/// made of. Blocks of unknown types pass; a service that speaks the Messages API itself judges for itself.
public enum RequestShape {
    /// Throws an error that names the place and the value seen.
    public static func check(_ body: JSON) throws(MessageError) {
        if let system = body["system"], !system.isString, !system.isArray, !system.isNull {
            throw wrong("system", "a string or an array of text blocks", system)
        }
        try check(blocks: body["system"], at: "system")
        for (index, message) in (body["messages"] ?? body).elements.enumerated() {
            try check(blocks: message["content"], at: "messages.\(index).content")
        }
        for (index, tool) in (body["tools"] ?? body).elements.enumerated() where !tool.isObject {
            throw wrong("tools.\(index)", "an object", tool)
        }
    }

    private static func check(blocks: JSON?, at place: @autoclosure () -> String) throws(MessageError) {
        guard let blocks, blocks.isArray else { return }
        var index = 0
        for block in blocks.elements {
            if let problem = problem(block) {
                let path = "\(place()).\(index)\(problem.member.map { ".\($0)" } ?? "")"
                guard let seen = problem.seen else {
                    throw .invalidRequest("\(path): Field required (\(problem.wanted))")
                }
                throw wrong(path, problem.wanted, seen)
            }
            index += 1
        }
    }

    private struct Problem {
        let member: String?
        let wanted: String
        let seen: JSON?
    }

    private static func problem(_ block: JSON) -> Problem? {
        guard block.isObject else { return Problem(member: nil, wanted: "a content block (an object)", seen: block) }
        guard let type = block["type"] else { return nil }
        if type.equals("text") { return missing(block, "text", "a string") { $0.isString } }
        if type.equals("tool_use") {
            return missing(block, "id", "a string") { $0.isString }
                ?? missing(block, "name", "a string") { $0.isString }
        }
        if type.equals("tool_result") { return missing(block, "tool_use_id", "a string") { $0.isString } }
        if type.equals("image") || type.equals("document") {
            return missing(block, "source", "an object") { $0.isObject }
        }
        return nil
    }

    private static func missing(_ block: JSON, _ member: String, _ wanted: String, _ holds: (JSON) -> Bool) -> Problem?
    {
        let seen = block[member]
        if let seen, holds(seen) { return nil }
        return Problem(member: member, wanted: wanted, seen: seen)
    }

    private static func wrong(_ path: String, _ wanted: String, _ seen: JSON) -> MessageError {
        .invalidRequest("\(path): expected \(wanted), got \(String(decoding: seen.raw.prefix(60), as: UTF8.self))")
    }
}
