/// Flags of `export` and `import`.
extension Flags {
    static let exporting: [Flag] = [
        Flag(
            name: .output, short: "o", value: "FILE", isAction: true, group: .reading, words: [.export, .import],
            doc: "Where to write; standard output or the directory of traces otherwise.",
            detail: "A file for export, a directory for export fixture and for import."),
        Flag(
            name: .unsafe, isAction: true, group: .reading, words: [.export],
            doc: "Export traces that were recorded with --redact off as well.",
            detail: "Keys and passwords stand in them as they were sent."),
    ]
}
