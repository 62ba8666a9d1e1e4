/// Flags that make things go wrong.
extension Flags {
    static let faults: [Flag] = [
        Flag(
            name: .fault, value: "RULE", repeats: true, group: .faults, words: [.serve, .run, .replay],
            doc: "Make answers fail on purpose."),
        Flag(
            name: .seed, value: "N", group: .faults, words: [.serve, .run, .replay],
            doc: "Makes the chances of --fault the same each time."),
    ]
}
