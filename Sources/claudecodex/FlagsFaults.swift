/// Flags that make things go wrong.
extension Flags {
    static let faults: [Flag] = [
        Flag(
            name: .fault, value: "RULE", repeats: true, group: .faults, words: [.serve, .run, .replay],
            doc: "Make answers fail on purpose.",
            detail: """
                For testing agents; repeatable. KIND[=VALUE][,OPTION=VALUE] [if FIELD=VALUE...] [p=10%]. Kinds: \(FaultKind.usages). Fields:
                \(FaultRule.fields.joined(separator: " ")): try counts how often this very request has come, n how many requests have fitted the rule,
                tool is a tool that the answer calls (for status and wait, one whose result the request brings). Examples: 'status=529,retry-after=2 if
                kind=main p=10%', 'cut=5 if tool=Bash', 'wait=3s if n=2'. In the variable, line ends separate the rules.
                """),
        Flag(
            name: .seed, value: "N", group: .faults, words: [.serve, .run, .replay],
            doc: "Makes the chances of --fault the same each time.",
            detail: "Without it a new number is chosen and shown at the start."),
    ]
}
