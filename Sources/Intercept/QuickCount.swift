/// A first guess at a prompt's tokens from its size alone, for the beginning of a stream: the true count follows at its
/// end, so microseconds matter more than the last percent.
extension TokenCounter {
    /// Tokens of a whole request by its bytes; images and documents count flat.
    public static func quick(_ body: JSON, model: String) -> Int {
        var media = (bytes: 0, items: 0)
        for message in (body["messages"] ?? body).elements {
            if let content = message["content"] { addMedia(content, &media) }
        }
        // 420 bytes of a request's JSON are 100 tokens of the plain weights: prose takes more of them, code fewer.
        return max(1, (body.range.count - media.bytes) * Generation(model).factor / 420) + media.items * flatMedia
    }

    /// What an image or document is taken for.
    private static let flatMedia = 1500

    private static func addMedia(_ content: JSON, _ media: inout (bytes: Int, items: Int)) {
        for block in content.elements where block.range.count > 512 {
            guard let type = block["type"] else { continue }
            if type.equals("tool_result") {
                if let inner = block["content"] { addMedia(inner, &media) }
            } else if let data = block["source"]?["data"] {
                media.bytes += data.range.count
                media.items += 1
            }
        }
    }
}
