/// Where two requests differ first, apart from what a client varies by itself.
internal import Intercept

public struct RequestMismatch: Sendable, Equatable {
    /// `messages[3].content[0].text`
    public let path: String
    /// What stands there, cut around the place; nil where there is nothing.
    public let recorded: String?
    public let asked: String?

    /// `messages[3].content: recorded "…", asked "…"`
    public var sentence: String {
        "\(path): recorded \(recorded ?? "nothing"), asked \(asked ?? "nothing")"
    }

    /// Nil when nothing that counts is different.
    static func first(_ recorded: JSON, _ mask: TextMask, _ asked: JSON, _ other: TextMask) -> RequestMismatch? {
        Walk(mask: mask, other: other).members(recorded, asked, path: "")
    }

    private struct Walk {
        let mask: TextMask
        let other: TextMask
        private static let most = 60

        func members(_ left: JSON, _ right: JSON, path: String) -> RequestMismatch? {
            let isTop = path.isEmpty
            for name in order(left, right) where !(isTop && name == "metadata") && !FormWalk.silent.contains(name) {
                let place = isTop ? name : "\(path).\(name)"
                let (one, two) = (left[name], right[name])
                guard let one, let two else { return report(place, one, two) }
                if FormWalk.identifying.contains(name), one.isString, two.isString { continue }
                let isList = name == "content" || isTop && name == "system"
                let found = isList ? lists(blocks(one), blocks(two), path: place) : values(one, two, path: place)
                if let found { return found }
            }
            return nil
        }

        /// Small things first: they decide, and they are quick to see.
        private func order(_ left: JSON, _ right: JSON) -> [String] {
            var names = left.members.map { $0.0.string ?? "" }
            names += right.members.map { $0.0.string ?? "" }.filter { !names.contains($0) }
            let long = ["system", "tools", "messages"]
            return names.filter { !long.contains($0) } + long.filter(names.contains)
        }

        private func blocks(_ json: JSON) -> [JSON] {
            json.blocks.filter { !($0["text"].map(ClientMarks.isAttribution) ?? false) }
        }

        private func lists(_ left: [JSON], _ right: [JSON], path: String) -> RequestMismatch? {
            for index in 0..<max(left.count, right.count) {
                let place = "\(path)[\(index)]"
                guard index < left.count, index < right.count else {
                    return report(
                        place, index < left.count ? left[index] : nil, index < right.count ? right[index] : nil)
                }
                if let found = values(left[index], right[index], path: place) { return found }
            }
            return nil
        }

        private func values(_ left: JSON, _ right: JSON, path: String) -> RequestMismatch? {
            if left.raw == right.raw { return nil }
            switch (left.kind, right.kind) {
            case (.object, .object): return members(left, right, path: path)
            case (.array, .array): return lists(Array(left.elements), Array(right.elements), path: path)
            case (.string, .string): return texts(left, right, path: path)
            default: return report(path, left, right)
            }
        }

        private func texts(_ left: JSON, _ right: JSON, path: String) -> RequestMismatch? {
            let one = mask.masked(Array(left.raw), isEnvironment: true)
            let two = other.masked(Array(right.raw), isEnvironment: true)
            if one == two { return nil }
            let common = zip(one, two).prefix { $0 == $1 }.count
            let from = max(0, common - 20)
            return RequestMismatch(
                path: path, recorded: cut(one[min(from, one.count)...]), asked: cut(two[min(from, two.count)...]))
        }

        private func report(_ path: String, _ left: JSON?, _ right: JSON?) -> RequestMismatch {
            RequestMismatch(path: path, recorded: left.map { cut($0.raw) }, asked: right.map { cut($0.raw) })
        }

        private func cut(_ bytes: ArraySlice<UInt8>) -> String {
            let text = String(decoding: bytes.prefix(Self.most * 4), as: UTF8.self)
            return text.count > Self.most ? String(text.prefix(Self.most)) + "…" : text
        }
    }
}
