/// Flags of `replay`.
extension Flags {
    static let replaying: [Flag] = [
        Flag(
            name: .pace, value: "instant|recorded|xN", fallback: "instant", isAction: true, group: .replay,
            words: [.replay],
            doc: "How fast the recorded answers come.",
            detail: "recorded keeps the pauses of the trace; x10 is ten times as fast, x0.5 half as fast."),
        Flag(
            name: .onMiss, value: "fail|nearest|forward|record", choices: ["fail", "nearest", "forward", "record"],
            fallback: "fail", isAction: true, group: .replay, words: [.replay],
            doc: "What a request without a recorded answer gets.",
            detail: """
                fail: status 404 that names the closest request and the first difference. nearest: the closest request's answer. forward: the
                backend's. record: the same, and it answers the next request like it.
                """),
        Flag(
            name: .from, value: "N", isAction: true, group: .replay, words: [.replay],
            doc: "Answer from the trace up to request N, then ask the backend.",
            detail:
                "N counts the requests of the main agent. What sub-agents ask until then is answered from the trace too."
        ),
        Flag(
            name: .check, isAction: true, group: .replay, words: [.replay],
            doc: "Translate the recorded requests and replies again and compare."),
        Flag(
            name: .send, isAction: true, group: .replay, words: [.replay],
            doc: "Send the recorded requests to a backend and compare the answers."),
        Flag(
            name: .repeat, value: "K", fallback: "1", isAction: true, group: .replay, words: [.replay],
            doc: "How often each request is sent."),
        Flag(
            name: .parallel, value: "P", fallback: "1", isAction: true, group: .replay, words: [.replay],
            doc: "How many requests are under way at once."),
        Flag(
            name: .expect, value: "same-tools", choices: ["same-tools"], isAction: true, group: .replay,
            words: [.replay],
            doc: "End with 1 when the answers differ."),
    ]
}
