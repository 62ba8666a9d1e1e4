#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import Intercept

/// What the commands that read traces have in common: the traces meant, the filter, and the place to print to.
struct Reading {
    let choice: TraceChoice
    let filter: Filter
    let terminal: Terminal
    let isJSON: Bool
    private let isQuiet: Bool
    /// Whether a line on the terminal may say how far something is.
    let showsProgress: Bool
    var progress: Progress

    /// - Parameters:
    ///   - operands: traces and filters, where they are not all the operands.
    ///   - fallback: see ``TraceChoice``.
    init(
        _ arguments: Arguments, _ settings: Settings, _ environment: Environment, fields: Filter.Fields,
        operands: [String]? = nil, fallback: String? = nil
    ) throws(Failure) {
        let directory = try LogDirectory.choose(
            settings.logDirectory, hasMarker: Files.exists(LogDirectory.marker), environment)
        choice = try TraceChoice(operands ?? arguments.operands, directory: directory, fallback: fallback)
        filter = try Filter(choice.rest, fields)
        terminal = Terminal.current(STDOUT_FILENO, color: settings.color, environment)
        isJSON = arguments.has(.json)
        isQuiet = settings.detail == .quiet
        showsProgress = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb" && !isQuiet
        progress = Progress(isShown: showsProgress)
    }

    /// A remark on stderr, unless nobody wants any.
    func say(_ text: String) {
        if !isQuiet { Output.say("claudecodex: \(Text.printable(text))\n") }
    }

    /// Prints the answer, and on stderr what could not be read.
    func print(_ answer: [UInt8], _ damage: TraceScan.Damage) {
        let isScreen = isJSON && ScreenText.isStandardOutput
        Output.write(isScreen ? ScreenText.json.shown(answer) : answer, to: STDOUT_FILENO)
        if isQuiet { return }
        for sentence in damage.sentences { Output.say("claudecodex: \(Text.printable(sentence))\n") }
    }

    func print(_ lines: [String], _ damage: TraceScan.Damage) {
        print(Array((lines.joined(separator: "\n") + "\n").utf8), damage)
    }
}

extension TraceScan.Damage {
    /// `"skipped":{"lines":3,"bytes":2104,"newer":0,"files":["…"]}`
    func write(_ out: inout JSONWriter) {
        out.key("skipped")
        out.beginObject()
        out.field("lines", lines)
        out.field("bytes", bytes)
        out.field("newer", newer)
        out.key("failures")
        out.beginArray()
        for failure in failures { out.string(failure) }
        out.endArray()
        out.endObject()
    }
}
