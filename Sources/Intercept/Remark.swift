/// Something a backend has to say of its set-up, for `doctor`.
public struct Remark: Sendable, Equatable {
    /// Whether it works so.
    public enum Level: String, Sendable { case ok, note, warn, fail }

    public let level: Level
    /// What it is about, in one word that stays the same in every version: "credentials".
    public let topic: String
    /// One sentence.
    public let text: String
    /// What was seen, a line each.
    public let details: [String]
    /// What to type or to change, a line each.
    public let todo: [String]

    public init(_ level: Level, _ topic: String, _ text: String, details: [String] = [], todo: [String] = []) {
        self.level = level
        self.topic = topic
        self.text = text
        self.details = details
        self.todo = todo
    }
}
