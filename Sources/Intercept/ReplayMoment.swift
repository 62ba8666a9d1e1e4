extension Moment {
    /// How a recorded session answered a request, or why it did not.
    public struct Replay: Sendable, Equatable {
        /// The backend's name in records of recorded answers. Nobody was asked, so they cost nothing.
        public static let backend = "replay"

        /// What became of the request.
        public enum Action: String, Sendable { case answer, refuse, forward }

        public var action: Action
        /// What the request and the recorded one have in common: a rung of the ladder.
        public var rung: String
        /// The recorded exchange: the one that answers, the closest one, or the one from which a fork goes on.
        public var of: String?
        /// Its place among its session's Messages requests, from 1.
        public var number: Int?
        /// It has answered this client before.
        public var isReused: Bool
        /// What the answer is not exact about, or where the requests differ first.
        public var note: String?

        public init(
            action: Action, rung: String, of: String? = nil, number: Int? = nil, isReused: Bool = false,
            note: String? = nil
        ) {
            self.action = action
            self.rung = rung
            self.of = of
            self.number = number
            self.isReused = isReused
            self.note = note
        }
    }
}
