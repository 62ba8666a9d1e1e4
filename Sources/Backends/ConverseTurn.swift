internal import Intercept

/// One message of Converse, before it is written: what stands in it, in order, and where prompt caches end.
struct ConverseTurn {
    enum Role { case user, assistant, system }

    let role: Role
    var items: [ConverseItem] = []
}

/// A block and what belongs to it.
struct ConverseItem {
    var block: ConverseBlock
    /// `messages[3].content[0]` of the client's request.
    let path: String
    /// A cache ends behind the block.
    var cache: CacheMark?

    init(_ block: ConverseBlock, _ path: String, cache: CacheMark? = nil) {
        self.block = block
        self.path = path
        self.cache = cache
    }
}

/// The blocks of Converse that we write.
indirect enum ConverseBlock {
    case text(ChatProse.Text)
    case image(ConverseImage)
    case document(ConverseDocument)
    case searchResult(JSON)
    case reasoning(text: JSON, signature: JSON)
    /// The string `data` of the client's block.
    case redacted(JSON)
    case toolUse(id: ChatProse.Text, name: JSON?, input: JSON?)
    case toolResult(id: ChatProse.Text, content: [ConverseBlock], isError: Bool)
    /// A tool that becomes available, or is taken away, from here on.
    case toolChange(isAddition: Bool, tool: JSON)

    /// Whether a cache may end behind it.
    var bearsCache: Bool {
        switch self {
        case .reasoning, .redacted, .toolChange: false
        default: true
        }
    }

    var isText: Bool { if case .text = self { true } else { false } }
    var isDocument: Bool { if case .document = self { true } else { false } }
    var isImage: Bool { if case .image = self { true } else { false } }
}

/// How long a cache is kept that ends here.
enum CacheMark: Equatable {
    case minutes
    case hour

    /// Reads a `cache_control`; nil when there is none.
    init?(_ control: JSON?) {
        guard let control, control.isObject else { return nil }
        self = control["ttl"]?.equals("1h") ?? false ? .hour : .minutes
    }
}

/// An image as Converse wants it.
struct ConverseImage {
    /// `png`, `jpeg`, `gif`, `webp`
    let format: String
    /// The string with its base64.
    let data: JSON
}

/// A document as Converse wants it.
struct ConverseDocument {
    enum Source {
        /// The string with its base64.
        case bytes(JSON)
        /// Plain text.
        case text([ChatProse.Text])
    }

    /// `pdf`, `txt`
    let format: String
    /// Legal, and the only one of its kind in the request.
    let name: String
    let source: Source
    let context: JSON?
    let isCited: Bool
}
