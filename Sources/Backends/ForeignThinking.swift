import Intercept

/// Thinking blocks whose signature is our own envelope (`ccx1.…`) were made from another service's reasoning. Anthropic
/// would refuse them, so they are taken out before a conversation goes on there.
enum ForeignThinking {
    /// The body without such blocks; nil when there are none and the client's bytes can go as they are.
    static func strip(_ body: JSON, _ losses: inout Losses) -> [UInt8]? {
        var cuts: [(range: Range<Int>, with: String)] = []
        for (index, message) in (body["messages"] ?? body).elements.enumerated() {
            guard message["role"]?.equals("assistant") ?? false, let content = message["content"] else { continue }
            let blocks = Array(content.elements)
            let foreign = blocks.indices.filter { isForeign(blocks[$0]) }
            guard !foreign.isEmpty else { continue }
            for position in foreign {
                losses.add(.drop, "messages[\(index)].content[\(position)]", "thinking of another service")
            }
            cuts.append((content.range, kept(blocks, without: Set(foreign))))
        }
        guard !cuts.isEmpty else { return nil }
        var bytes = body.document.bytes
        for cut in cuts.reversed() { bytes.replaceSubrange(cut.range, with: cut.with.utf8) }
        return bytes
    }

    private static func isForeign(_ block: JSON) -> Bool {
        guard block["type"]?.equals("thinking") ?? false else { return false }
        return block["signature"]?.string?.hasPrefix(ThinkingEnvelope.mark) ?? false
    }

    /// The blocks that stay, as a JSON array. A message must not be empty.
    private static func kept(_ blocks: [JSON], without foreign: Set<Int>) -> String {
        let rest = blocks.indices.filter { !foreign.contains($0) }.map {
            String(decoding: blocks[$0].raw, as: UTF8.self)
        }
        return rest.isEmpty
            ? #"[{"type":"text","text":"(no visible answer)"}]"# : "[" + rest.joined(separator: ",") + "]"
    }
}
