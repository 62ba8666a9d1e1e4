/// Flags of `export` and `import`.
extension Flags {
    static let exporting: [Flag] = [
        Flag(
            name: .output, short: "o", value: "FILE", isAction: true, group: .reading, words: [.export, .import],
            doc: "Where to write."),
        Flag(
            name: .unsafe, isAction: true, group: .reading, words: [.export],
            doc: "Write what redaction has left as well."),
    ]
}
