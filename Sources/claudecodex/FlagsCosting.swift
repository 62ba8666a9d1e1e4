/// Flags of `cost`.
extension Flags {
    static let costing: [Flag] = [
        Flag(
            name: .by, value: "day|session|model|agent|backend",
            choices: ["day", "session", "model", "agent", "backend"], isAction: true, group: .reading, words: [.cost],
            doc: "What the rows are: day unless said otherwise."),
        Flag(
            name: .prices, value: "FILE", group: .reading, words: [.serve, .run, .replay, .sessions, .cache, .cost],
            doc: "Prices that stand before the built-in ones.",
            detail: """
                A line for each model: GLOB = INPUT OUTPUT [CACHE_READ [CACHE_WRITE [CACHE_WRITE_1H]]], in dollars for a million
                tokens; `#` begins a comment. The first line that fits the name by which the service is asked wins.
                """),
    ]
}
