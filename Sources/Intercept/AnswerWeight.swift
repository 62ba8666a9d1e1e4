/// How large an answer has become. Without an end to it a service that never stops would fill the memory: answers are kept
/// until they are complete, and so are the arguments of each call.
struct AnswerWeight {
    private let limits: Limits
    /// Bytes from the service, unpacked.
    private var bytes = 0
    /// The block whose arguments come, and how many bytes of them have come.
    private var arguments = (block: -1, bytes: 0)

    init(_ limits: Limits) { self.limits = limits }

    /// Bytes of the answer, unpacked.
    mutating func add(_ more: [UInt8]) throws(MessageError) {
        bytes += more.count
        if bytes > limits.maxAnswer { throw Self.tooMuch(limits) }
    }

    mutating func add(_ event: MessageEvent) throws(MessageError) {
        guard case .blockDelta(let block, .inputJSON(let text)) = event else { return }
        if arguments.block != block { arguments = (block, 0) }
        arguments.bytes += text.escaped.count
        guard arguments.bytes > limits.maxToolCall else { return }
        throw MessageError(
            502, nil, "claudecodex: the model's arguments for one tool call have more than \(limits.maxToolCall) bytes")
    }

    static func tooMuch(_ limits: Limits) -> MessageError {
        MessageError(502, nil, "claudecodex: the model service's answer has more than \(limits.maxAnswer) bytes")
    }
}
