/// Flags of `show` and `cat`.
extension Flags {
    static let showing: [Flag] = [
        Flag(
            name: .requestPart, isAction: true, group: .reading, words: [.show],
            doc: "The body of the client's request."),
        Flag(
            name: .upstreamPart, spelling: "upstream", isAction: true, group: .reading, words: [.show],
            doc: "The body that was sent to the service."),
        Flag(
            name: .replyPart, isAction: true, group: .reading, words: [.show],
            doc: "The answer."),
        Flag(
            name: .eventsPart, isAction: true, group: .reading, words: [.show],
            doc: "The events of both streams."),
        Flag(
            name: .headersPart, isAction: true, group: .reading, words: [.show],
            doc: "The headers of the requests and of the service's reply."),
        Flag(
            name: .lossesPart, isAction: true, group: .reading, words: [.show],
            doc: "What translation could not carry over."),
        Flag(
            name: .full, isAction: true, group: .reading, words: [.cat],
            doc: "Put bodies together that are stored as differences."),
    ]
}
