/// Turns moments into lines of the trace, in order, on the writer's thread. The record types are in the extensions.
internal import Intercept

final class RecordWriter {
    /// Exchanges that are remembered at the same time; beyond it the oldest is taken to be over.
    static let mostExchanges = 4096

    let configuration: RecorderConfiguration
    let redactor: Redactor
    var sessions = SessionMemory()
    var statistics = RecorderStatistics()
    var requestHeaders = HeaderText()
    var upstreamHeaders = HeaderText()
    var replyHeaders = HeaderText()
    var clients = ClientText()
    var queries = KnownText()
    var urls = KnownText()
    /// Memory for event lists, used again.
    var rooms: [[UInt8]] = []
    private let sink: JSONLSink
    private let hostID: String
    private var exchanges: [ObjectIdentifier: ExchangeNotes] = [:]
    /// Records that were formed and not written yet; more than so many bytes are not kept waiting.
    private var lines = JSONWriter(capacity: 1 << 16)
    private var waiting: [(end: Int, notes: ExchangeNotes?)] = []
    private static let mostWaiting = 1 << 18
    private var sequence = 0
    private var seconds = SecondText()

    init(_ configuration: RecorderConfiguration, sink: JSONLSink, patterns: [SecretPattern] = SecretPattern.all) {
        self.configuration = configuration
        self.sink = sink
        redactor = Redactor(configuration.redact, key: configuration.redactKey, patterns: patterns)
        hostID = Identifier.hex(HMAC.sha256(key: configuration.redactKey, "host_id".utf8).prefix(8))
    }

    /// Opens the first file.
    func begin(at time: Timestamp) throws(TraceError) {
        if try sink.prepare(for: time) { writeMeta(time) }
        flush()
    }

    func write(_ entry: MomentQueue.Entry) {
        switch entry {
        case .moment(let moment): write(moment, bodyDropped: nil)
        case .bare(let moment, let bytes):
            notes(moment.exchange).dropped += 1
            write(moment, bodyDropped: bytes)
        case .dropped(let exchange): notes(exchange).dropped += 1
        }
    }

    private func write(_ moment: Moment, bodyDropped: Int?) {
        let notes = notes(moment.exchange)
        let time = moment.time
        switch moment.event {
        case .request(let request): write(request, bodyDropped, notes, time)
        case .translation(let translation): write(translation, notes, time)
        case .upstream(let upstream): write(upstream, bodyDropped, notes, time)
        case .head(let head): write(head, notes, time)
        case .events(let events): hold(events, notes, time)
        case .toolCall(let made): write(made, notes, time)
        case .response(let response): write(response, notes, time)
        case .replay(let replay): write(replay, notes, time)
        case .intercept(let intercept): write(intercept, notes, time)
        case .check(let rule, let message): write(rule: rule, message: message, notes, time)
        case .error(let failure): write(failure, notes, time)
        case .end(let end):
            release(notes, isClean: false)
            write(end, notes, time)
            exchanges[ObjectIdentifier(notes.exchange)] = nil
        }
    }

    func notes(_ exchange: Exchange) -> ExchangeNotes {
        let key = ObjectIdentifier(exchange)
        if let known = exchanges[key] { return known }
        if exchanges.count >= Self.mostExchanges,
            let oldest = exchanges.min(by: { $0.value.exchange.started < $1.value.exchange.started })
        {
            release(oldest.value, isClean: false)
            exchanges[oldest.key] = nil
        }
        let notes = ExchangeNotes(exchange, session: sessions.session(exchange.session))
        exchanges[key] = notes
        return notes
    }

    /// Forms one record, to be written with the next `flush`. False when it is lost already.
    @discardableResult
    func emit(
        _ type: StaticString, _ notes: ExchangeNotes?, _ time: Timestamp, _ fields: (inout JSONWriter) -> Void
    ) -> Bool {
        guard isReady(for: time) else {
            notes?.dropped += 1
            return false
        }
        put(type, notes, time, fields)
        return true
    }

    private func isReady(for time: Timestamp) -> Bool {
        if lines.bytes.count >= Self.mostWaiting || sink.isOutgrown(time, waiting: lines.bytes.count) { flush() }
        do throws(TraceError) {
            if try sink.prepare(for: time) {
                sessions.forgetBodies()
                writeMeta(time)
            }
            return true
        } catch {
            sink.fail(error.description)
            return false
        }
    }

    private func put(
        _ type: StaticString, _ notes: ExchangeNotes?, _ time: Timestamp, _ fields: (inout JSONWriter) -> Void
    ) {
        lines.verbatim(#"{"v":1,"type":""#)
        lines.verbatim(type)
        lines.verbatim(#"","seq":"#)
        lines.verbatim(int: sequence)
        lines.verbatim(#","ts":""#)
        lines.verbatim(bytes: seconds.text(time))
        lines.verbatim(#"""#)
        if let notes {
            lines.verbatim(",")
            lines.verbatim(bytes: notes.common)
        }
        fields(&lines)
        lines.endObject()
        lines.newline()
        waiting.append((lines.bytes.count, notes))
        sequence += 1
        statistics.records += 1
    }

    /// Writes what was formed, by one write. What is lost is counted with its exchanges, and no later body may be based on
    /// a lost one.
    func flush() {
        guard !waiting.isEmpty else { return }
        noteGap()
        let written = sink.write(lines.bytes, ends: waiting.map(\.end))
        if written < waiting.count {
            for (_, notes) in waiting[written...] { notes?.dropped += 1 }
            statistics.records -= waiting.count - written
            sessions.forgetBodies()
        }
        waiting.removeAll(keepingCapacity: true)
        if lines.bytes.count > 4 << 20 { lines = JSONWriter(capacity: 1 << 16) } else { lines.removeAll() }
    }

    /// Puts the loss on record where it stands: behind the last record that could be written.
    private func noteGap() {
        guard sink.lostInARow > 0 else { return }
        let (later, ends) = (lines, waiting)
        lines = JSONWriter(capacity: later.bytes.count + 256)
        waiting = []
        put("error", nil, .now()) { out in
            out.field("stage", "record")
            out.field("error_type", "lost")
            out.field("message", "\(sink.lostInARow) records before this one could not be written")
        }
        // The note is no record of its own here: it is lost with the record that follows it.
        statistics.records -= 1
        waiting = ends.map { (lines.bytes.count + $0.end, $0.notes) }
        lines.verbatim(bytes: later.bytes)
    }

    private func writeMeta(_ time: Timestamp) {
        sequence = 0
        put("meta", nil, time) { out in
            out.field("format", "claudecodex.trace")
            out.field("program", configuration.program)
            out.field("version", configuration.version)
            out.field("pid", ProcessIdentity.pid)
            out.field("host_id", hostID)
            out.field("backend", configuration.backend)
            writeSettings(into: &out)
            out.field("record", configuration.mode.rawValue)
            out.field("redact", configuration.redact.rawValue)
            out.field("started", time.rfc3339)
            out.field("repaired_bytes", sink.repairedBytes)
            if let source = configuration.source {
                out.field("imported_from", source.program)
                out.field("imported_file", source.file)
            }
            configuration.replayOf?.write(into: &out)
        }
    }

    private func writeSettings(into out: inout JSONWriter) {
        if configuration.settings.isEmpty { return }
        out.key("settings")
        out.beginObject()
        for (name, value) in configuration.settings {
            out.key(text: name)
            out.string(redactor.text(value))
        }
        out.endObject()
    }

    var path: String? { sink.path }

    /// After a pause: is the file still there?
    func check() { sink.check() }

    /// Works on closed files. True while there is more to do.
    func compressSome() -> Bool { sink.compressSome() }

    /// Where it stands.
    func currentStatistics() -> RecorderStatistics {
        var now = statistics
        now.lost = sink.lost
        now.lastError = sink.lastError
        return now
    }

    /// Writes what is still held back and closes the file.
    func close() {
        for notes in exchanges.values.sorted(by: { $0.exchange.started < $1.exchange.started }) {
            release(notes, isClean: false)
        }
        exchanges = [:]
        flush()
        sink.close()
    }
}
