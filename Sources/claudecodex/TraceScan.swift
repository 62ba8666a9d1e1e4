internal import Intercept
internal import Recorder

/// Goes once through the chosen files, shows how far it is when that takes long, and adds up what could not be read.
struct TraceScan {
    let choice: TraceChoice
    let types: [String]
    /// See ``TraceReader``.
    var wantsBody: (TraceRecord) -> Bool = { _ in false }

    /// What was not read, and why.
    struct Damage: Equatable {
        var lines = 0
        var bytes = 0
        var newer = 0
        var failures: [String] = []

        var isNone: Bool { self == Damage() }

        /// `3 lines (2104 bytes) were no records`, …
        var sentences: [String] {
            var all = failures
            if lines > 0 {
                all.append("\(Text.count(lines, "line")) (\(bytes) bytes) held no whole record")
            }
            if newer > 0 {
                all.append("\(Text.count(newer, "line is", "lines are")) of a later version of the format")
            }
            return all
        }
    }

    /// Hands every record of the chosen session to `take`; `begin` is told each file before its records.
    func run(
        _ progress: inout Progress, begin: (String) -> Void = { _ in }, take: (TraceRecord) -> Void
    ) throws(Failure) -> Damage {
        var damage = Damage()
        var records = 0
        for (number, file) in choice.files.enumerated() {
            let reader: TraceReader
            do { reader = try TraceReader(path: file, only: types, wantsBody: wantsBody) } catch {
                throw Failure(.noTrace, "\(error)")
            }
            begin(file)
            while let record = reader.next() {
                records += 1
                if records & 1023 == 0 {
                    progress.show("file \(number + 1) of \(choice.files.count), \(records) records")
                }
                if choice.session == nil || record.session == choice.session || record.type == "meta" { take(record) }
            }
            damage.add(reader)
        }
        progress.clear()
        return damage
    }
}

extension TraceScan.Damage {
    mutating func add(_ reader: TraceReader) {
        lines += reader.skippedLines
        bytes += reader.skippedBytes
        newer += reader.newerLines
        if let failure = reader.failure { failures.append(failure) }
    }
}

/// One line on a terminal's stderr that says how far something is, from its second second on.
struct Progress {
    private let isShown: Bool
    private let started = Monotonic.now()
    private var last: Double = 800
    private var hasLine = false

    init(isShown: Bool) { self.isShown = isShown }

    mutating func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = Monotonic.now().milliseconds(since: started)
        guard now - last > 200 else { return }
        last = now
        hasLine = true
        Output.say("\r\u{1B}[Kreading: \(text())")
    }

    mutating func clear() {
        if hasLine { Output.say("\r\u{1B}[K") }
        hasLine = false
    }
}
