/// Why a request read less from the prompt cache than the request before it had left there.

/// The reasons, in the order in which they are tested (`docs/cache.md`).
public enum CacheMiss: Sendable, Equatable {
    /// Nothing of this conversation was asked before.
    case firstRequest
    /// Nothing in the request is marked for the cache, and the service keeps only what is marked.
    case unmarked
    /// The request before left nothing in the cache.
    case nothingKept
    /// Tokens of what could be kept, and the least that the model keeps.
    case tooSmall(tokens: Int, minimum: Int)
    case modelChanged(from: String, to: String)
    case toolsChanged([PromptChange])
    case systemChanged([PromptChange])
    /// Parameters that are part of what is cached.
    case settingsChanged([PromptChange])
    case historyEdited(HistoryEdit)
    /// Milliseconds since the prefix was used, and how long it lives. `isPromised` is false where the service has a habit
    /// only.
    case expired(idle: Double, life: Double, isPromised: Bool)
    /// The nearest mark is this many blocks behind what was kept; negative: before it.
    case markerMoved(blocks: Int)
    /// Sent before the answer to the request before had begun: nothing was kept yet.
    case parallel
    /// The same prefix, in time, and nothing was read. `keyChanged`: another `prompt_cache_key`.
    case routing(keyChanged: Bool)
    /// The service has reported no cached token for this model in the whole trace.
    case notReported
    case unknown
    /// The trace does not hold the request: why.
    case unread(String)

    /// The word for it in JSON and in filters.
    public var name: String {
        switch self {
        case .firstRequest: "first_request"
        case .unmarked: "unmarked"
        case .nothingKept: "nothing_kept"
        case .tooSmall: "too_small"
        case .modelChanged: "model_changed"
        case .toolsChanged: "tools_changed"
        case .systemChanged: "system_changed"
        case .settingsChanged: "settings_changed"
        case .historyEdited: "history_edited"
        case .expired: "expired"
        case .markerMoved: "marker_moved"
        case .parallel: "parallel"
        case .routing: "routing"
        case .notReported: "not_reported"
        case .unknown: "unknown"
        case .unread: "unread"
        }
    }

    /// Whether the client, its user or this proxy could have done otherwise.
    public var isAvoidable: Bool {
        switch self {
        case .unmarked, .modelChanged, .toolsChanged, .systemChanged, .settingsChanged, .expired, .markerMoved,
            .parallel:
            true
        case .historyEdited(let edit): edit.how != .compaction && edit.how != .rewound
        case .firstRequest, .nothingKept, .tooSmall, .routing, .notReported, .unknown, .unread: false
        }
    }
}

/// One tool, system block or parameter that is not as it was.
public struct PromptChange: Sendable, Equatable {
    public enum How: String, Sendable { case added, removed, changed, moved }

    public let how: How
    /// The tool's or the parameter's name, the beginning of the system block.
    public let name: String
    /// Where it stands: in the new request, or, when it was removed, in the one before.
    public let path: String
    /// The same as a number from 1, and of how many.
    public let position: Int
    public let count: Int
    /// It is the client's note of its own version, which only Anthropic leaves out of the prompt.
    public var isAttribution = false
}

/// The first place at which the history is not what it was.
public struct HistoryEdit: Sendable, Equatable {
    public enum How: String, Sendable {
        /// A summary took the place of the conversation.
        case compaction
        case thinkingCleared = "thinking_cleared"
        /// The result of a tool became shorter, or something else.
        case toolResultTrimmed = "tool_result_trimmed"
        case toolResultChanged = "tool_result_changed"
        case reminderChanged = "reminder_changed"
        /// The conversation goes on from an earlier message.
        case rewound
        case blocksRemoved = "blocks_removed"
        case blocksInserted = "blocks_inserted"
        case textChanged = "text_changed"
        case other
    }

    public let how: How
    /// Where, in the request before and in the new one (nil when that ends before).
    public let before: String
    public let after: String?
    /// Blocks that went or came, where that is what happened.
    public let blocks: Int
    /// Size of the block that differs, before and after.
    public let bytesBefore: Int
    public let bytesAfter: Int
}
