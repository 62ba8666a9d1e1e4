/// Checks that a stream of events is one the Messages API could have sent: one start, blocks one after the other with
/// indexes from 0, deltas of the kind of their block, one stop, nothing behind the end.
public struct Grammar: Sendable {
    /// Where the stream stands.
    private enum State: Equatable {
        /// Nothing yet. Next: between.
        case start
        /// No block open. Next: inside, ended.
        case between
        /// In a block. Next: between.
        case inside(index: Int, kind: Kind)
        /// After `message_delta`. Next: stopped.
        case ended
        /// After `message_stop` or `error`.
        case stopped
    }

    private enum Kind: Equatable { case text, thinking, tool, whole, other }

    /// A rule that was broken.
    public struct Violation: Sendable, Equatable {
        public let rule: String
        public let message: String
    }

    private var state = State.start
    private var nextIndex = 0

    public init() {}

    /// Takes the next event; gives what is wrong with it.
    public mutating func check(_ event: MessageEvent) -> Violation? {
        switch (event, state) {
        case (.ping, .start), (.ping, .stopped): return violation("ping-place", "ping outside the message")
        case (.ping, _): return nil
        case (.other, _): return nil
        case (_, .stopped): return violation("after-end", "\(event.name) after the end of the stream")
        case (.error, _):
            state = .stopped
            return nil
        case (.messageStart, .start):
            state = .between
            return nil
        case (.messageStart, _): return violation("one-start", "a second message_start")
        case (_, .start): return violation("start-first", "\(event.name) before message_start")
        default: return checkBody(event)
        }
    }

    private mutating func checkBody(_ event: MessageEvent) -> Violation? {
        switch (event, state) {
        case (.blockStart(let index, let block), .between):
            state = .inside(index: index, kind: kind(of: block))
            defer { nextIndex = index + 1 }
            return index == nextIndex ? nil : violation("index-order", "block \(index), expected \(nextIndex)")
        case (.blockStart(let index, _), .inside(let open, _)):
            return violation("no-interleaving", "block \(index) begins while block \(open) is open")
        case (.blockDelta(let index, let delta), .inside(let open, let kind)):
            if index != open { return violation("delta-index", "delta for block \(index) while block \(open) is open") }
            return fits(delta, kind) ? nil : violation("delta-kind", "a delta that does not fit its block \(index)")
        case (.blockDelta(let index, _), _):
            return violation("orphan-delta", "delta for block \(index), which is not open")
        case (.blockStop(let index), .inside(let open, _)):
            state = .between
            return index == open ? nil : violation("stop-index", "stop of block \(index) while block \(open) is open")
        case (.blockStop(let index), _): return violation("orphan-stop", "stop of block \(index), which is not open")
        case (.messageDelta(let delta), .between):
            state = .ended
            return delta.stopReason == nil ? violation("stop-reason", "message_delta without a stop_reason") : nil
        case (.messageDelta, .inside(let open, _)):
            state = .ended
            return violation("open-block", "message_delta while block \(open) is open")
        case (.messageDelta, _): return violation("one-delta", "a second message_delta")
        case (.messageStop, .ended):
            state = .stopped
            return nil
        case (.messageStop, _):
            state = .stopped
            return violation("delta-first", "message_stop without message_delta")
        default: return violation("after-delta", "\(event.name) after message_delta")
        }
    }

    /// The stream is over; gives what is missing.
    public func finish() -> Violation? {
        state == .stopped || state == .start
            ? nil : violation("complete", "the stream ended without message_stop or error")
    }

    private func kind(of block: ContentBlock) -> Kind {
        switch block {
        case .text: .text
        case .thinking: .thinking
        case .toolUse: .tool
        case .redactedThinking: .whole
        case .other: .other
        }
    }

    private func fits(_ delta: BlockDelta, _ kind: Kind) -> Bool {
        switch (delta, kind) {
        case (.text, .text), (.thinking, .thinking), (.signature, .thinking), (.inputJSON, .tool), (_, .other): true
        case (.other, .text), (.other, .thinking), (.other, .tool): true
        default: false
        }
    }

    private func violation(_ rule: String, _ message: String) -> Violation { Violation(rule: rule, message: message) }
}
