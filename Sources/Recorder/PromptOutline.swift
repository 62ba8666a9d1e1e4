/// The prompt of a request as its service sees it, piece by piece in the order of a prompt cache: tools, system, messages.
/// Keeps hashes, sizes and cache marks; of the texts only the beginnings that name a piece.
internal import Intercept

struct PromptOutline: Sendable {
    /// Where a piece stands in the prompt. What changes early spoils everything behind it.
    enum Section: UInt8, Comparable, Sendable {
        case tools, system, messages

        static func < (left: Section, right: Section) -> Bool { left.rawValue < right.rawValue }
    }

    /// What a piece is, in the words of the Messages API.
    enum Kind: UInt8, Sendable {
        case tool, text, reminder, thinking, toolCall, toolResult, image, document, compaction, attribution, other
    }

    /// A tool, a system block or a content block.
    struct Piece: Sendable {
        let section: Section
        let kind: Kind
        /// Equal for equal content, whatever cache marks are on it and whether a lone text is a string or a block.
        let hash: Int
        let bytes: Int
        /// The element of the list it stands in, and where in there: `messages` 4 `.content[0]`.
        let root: StaticString
        let item: Int
        let part: String
        /// A tool's name, the id of a call or its result, the beginning of a system text.
        let name: String

        var path: String { item < 0 ? "\(root)\(part)" : "\(root)[\(item)]\(part)" }
    }

    /// A place up to which the service is asked to keep the prompt.
    struct Mark: Sendable {
        /// How many pieces are before it.
        let count: Int
        /// How long what is kept lives without being used, in milliseconds.
        let life: Double
    }

    /// Which API the request speaks.
    enum Shape: Sendable {
        case messages, converse, chat, responses

        /// The address tells; without one the client's request went out as it was.
        init(url: String?) {
            let url = url ?? ""
            if url.contains("/converse") {
                self = .converse
            } else if url.contains("/chat/completions") {
                self = .chat
            } else {
                self = url.contains("/responses") ? .responses : .messages
            }
        }
    }

    let shape: Shape
    var pieces: [Piece] = []
    var marks: [Mark] = []
    /// Parameters that are part of what is cached, with the hash of their value.
    var settings: [(name: String, hash: Int)] = []
    /// OpenAI's `prompt_cache_key`: requests with another one may go to another machine.
    var cacheKey = 0
    /// How many messages there are.
    var messages = 0

    /// Services with marks keep what is marked; others keep any prefix by themselves.
    var isExplicit: Bool { shape == .messages || shape == .converse || !marks.isEmpty }

    var bytes: Int { pieces.reduce(0) { $0 + $1.bytes } }

    /// How many pieces at the beginning are the same in both.
    func common(with other: PromptOutline) -> Int {
        var count = 0
        let most = min(pieces.count, other.pieces.count)
        while count < most, pieces[count].hash == other.pieces[count].hash { count += 1 }
        return count
    }

    func pieces(_ section: Section) -> ArraySlice<Piece> {
        let start = first { $0 >= section }
        return pieces[start..<max(start, first { $0 > section })]
    }

    /// The first piece whose section is one of the later ones: sections stand one behind the other.
    private func first(_ isLater: (Section) -> Bool) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if isLater(pieces[middle].section) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How many pieces of the history are the same at its beginning.
    func commonMessages(with other: PromptOutline) -> Int {
        zip(pieces(.messages), other.pieces(.messages)).prefix { $0.hash == $1.hash }.count
    }

    /// Pieces of the first message.
    var firstMessage: Int {
        let all = pieces(.messages)
        guard let first = all.first else { return 0 }
        return all.prefix { $0.item == first.item }.count
    }
}
