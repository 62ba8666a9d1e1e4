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

    public init(head: UpstreamHead, headAfterMS: Int, pieces: [Piece]) {
        self.head = head
        self.headAfterMS = headAfterMS
        self.pieces = pieces
    }

    /// The whole body.
    public var body: [UInt8] { pieces.flatMap(\.bytes) }
}

extension Transfer {
    /// Lets the answer arrive piece by piece. What is left of it is dropped when the transfer is.
    func play(_ answer: ScriptedAnswer, on loop: EventLoop) {
        loop.after(milliseconds: answer.headAfterMS) { [weak self] in
            guard let self else { return }
            self.takeHead(answer.head)
            self.play(answer.pieces[...], on: loop)
        }
    }

    private func play(_ rest: ArraySlice<ScriptedAnswer.Piece>, on loop: EventLoop) {
        guard let piece = rest.first else { return finishScript() }
        loop.after(milliseconds: piece.afterMS) { [weak self] in self?.hand(piece, then: rest.dropFirst(), on: loop) }
    }

    private func hand(
        _ piece: ScriptedAnswer.Piece, then rest: ArraySlice<ScriptedAnswer.Piece>, on loop: EventLoop
    ) {
        let isTaken = piece.bytes.withUnsafeBytes { takeBody($0) } == piece.bytes.count
        // Too much is unread: the same piece again a little later.
        if isTaken { play(rest, on: loop) } else { play([.init(afterMS: 5, piece.bytes)] + rest, on: loop) }
    }
}
