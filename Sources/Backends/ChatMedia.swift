internal import Intercept

/// Images and documents as Chat Completions carries them.
enum ChatMedia {
    /// Whether a block is an image or a file.
    static func isMedia(_ block: JSON) -> Bool {
        guard let type = block["type"] else { return false }
        return type.equals("image") || type.equals("document") && isFile(block)
    }

    /// Whether the content is here, or at an address.
    static func isSendable(_ source: JSON) -> Bool {
        source["data"]?.isString ?? false || source["url"]?.isString ?? false
    }

    /// Writes name and content of a PDF, behind `"filename":`.
    static func writeFile(_ block: JSON, into out: inout JSONWriter) {
        out.verbatim(bytes: [0x22] + JSONText(fileName(block)).escaped + [0x22])
        out.verbatim(#","file_data":"data:application/pdf;base64,"#)
        if let data = block["source"]?["data"] { ChatProse.Text.copied(data).write(into: &out) }
        out.verbatim("\"")
    }

    /// Whether a document is bytes or an address rather than text.
    static func isFile(_ block: JSON) -> Bool {
        guard let type = block["source"]?["type"] else { return false }
        return !type.equals("text") && !type.equals("content")
    }

    static func writeImage(_ source: JSON, into out: inout JSONWriter) {
        guard let data = source["data"] else {
            if let url = source["url"] { out.verbatim(bytes: url.raw) }
            return
        }
        out.verbatim(#""data:"#)
        out.verbatim(text: mediaType(data, source["media_type"]?.string ?? "image/png"))
        out.verbatim(";base64,")
        ChatProse.Text.copied(data).write(into: &out)
        out.verbatim("\"")
    }

    private static let beginnings = [
        ("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp"),
    ]

    /// What the bytes are, whatever the label says: services check.
    static func mediaType(_ data: JSON, _ label: String) -> String {
        let start = data.raw.dropFirst().prefix(12)
        for (beginning, type) in beginnings where start.starts(with: beginning.utf8) { return type }
        return label == "image/jpg" ? "image/jpeg" : String(label.filter { $0 != "\"" && $0 != "\\" })
    }

    static func fileName(_ block: JSON) -> String {
        let title = (block["title"]?.string ?? "").map { $0.isLetter || $0.isNumber || " ._-".contains($0) ? $0 : "_" }
        let name = String(title.prefix(100))
        if name.allSatisfy({ $0 == " " }) { return "document.pdf" }
        return name.lowercased().hasSuffix(".pdf") ? name : name + ".pdf"
    }
}
