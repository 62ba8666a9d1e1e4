/// Flags of `cost`.
extension Flags {
    static let costing: [Flag] = [
        Flag(
            name: .by, value: "day|session|model|agent|backend",
            choices: ["day", "session", "model", "agent", "backend"], isAction: true, group: .reading, words: [.cost],
            doc: "What the rows are."),
        Flag(
            name: .prices, value: "FILE", group: .reading, words: [.serve, .run, .sessions, .cost],
            doc: "Prices that stand before the built-in ones."),
    ]
}
