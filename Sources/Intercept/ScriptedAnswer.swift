/// An answer that is known before anybody asks, with its pace: what a service inside this process says. It takes the way
/// of every answer, from the transfer on.
public struct ScriptedAnswer: Sendable {
    /// Bytes, and how long after what came before they arrive.
    public struct Piece: Sendable, Equatable {
        public let afterMS: Int
        public let bytes: [UInt8]

        public init(afterMS: Int, _ bytes: [UInt8]) {
            self.afterMS = afterMS
            self.bytes = bytes
        }
    }

    public let head: UpstreamHead
    /// How long the service thinks before its first byte.
    public let headAfterMS: Int
    public let pieces: [Piece]
    /// Why the answer ends in its middle; nil when it is complete.
    public let breaksOff: String?

    public init(head: UpstreamHead, headAfterMS: Int, pieces: [Piece], breaksOff: String? = nil) {
        self.head = head
        self.headAfterMS = headAfterMS
        self.pieces = pieces
        self.breaksOff = breaksOff
    }

    /// The whole body.
    public var body: [UInt8] { pieces.flatMap(\.bytes) }
}

extension Transfer {
    /// Lets the answer arrive piece by piece. What is left of it is dropped when the transfer is.
    func play(_ answer: ScriptedAnswer, on loop: EventLoop) {
        after(answer.headAfterMS, on: loop) { transfer in
            transfer.takeHead(answer.head)
            transfer.play(answer.pieces[...], of: answer, on: loop)
        }
    }

    private func play(_ rest: ArraySlice<ScriptedAnswer.Piece>, of answer: ScriptedAnswer, on loop: EventLoop) {
        guard let piece = rest.first else { return finishScript(answer.breaksOff) }
        after(piece.afterMS, on: loop) { $0.hand(piece, then: rest.dropFirst(), of: answer, on: loop) }
    }

    private func hand(
        _ piece: ScriptedAnswer.Piece, then rest: ArraySlice<ScriptedAnswer.Piece>, of answer: ScriptedAnswer,
        on loop: EventLoop
    ) {
        let isTaken = piece.bytes.withUnsafeBytes { takeBody($0) } == piece.bytes.count
        // Too much is unread: the same piece again a little later.
        let next = isTaken ? rest : [.init(afterMS: 5, piece.bytes)] + rest
        play(next, of: answer, on: loop)
    }

    /// What comes at once does not wait for the next round of the loop.
    private func after(_ milliseconds: Int, on loop: EventLoop, _ body: @escaping @Sendable (Transfer) -> Void) {
        if milliseconds <= 0 { return body(self) }
        loop.after(milliseconds: milliseconds) { [weak self] in
            if let self { body(self) }
        }
    }
}
