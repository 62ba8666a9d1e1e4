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
    /// Memory for event lists, used again.
    var rooms: [[UInt8]] = []
    private let sink: JSONLSink
    private let hostID: String
    private var exchanges: [ObjectIdentifier: ExchangeNotes] = [:]
    private var line = JSONWriter(capacity: 1 << 16)
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
    }

    func write(_ entry: MomentQueue.Entry) {
        switch entry {
        case .moment(let moment): write(moment.event, moment.exchange, moment.time, bodyDropped: nil)
        case .bare(let event, let exchange, let time, let bytes):
            notes(exchange).dropped += 1
            write(event, exchange, time, bodyDropped: bytes)
        case .dropped(let exchange): notes(exchange).dropped += 1
        }
    }

    private func write(_ event: Moment.Event, _ exchange: Exchange, _ time: Timestamp, bodyDropped: Int?) {
        let notes = notes(exchange)
        switch event {
        case .request(let request): write(request, bodyDropped, notes, time)
        case .translation(let translation): write(translation, notes, time)
        case .upstream(let upstream): write(upstream, bodyDropped, notes, time)
        case .head(let head): write(head, notes, time)
        case .events(let events): hold(events, notes, time)
        case .toolCall(let made): write(made, notes, time)
        case .response(let response): write(response, notes, time)
        case .intercept(let intercept): write(intercept, notes, time)
        case .check(let rule, let message): write(rule: rule, message: message, notes, time)
        case .error(let failure): write(failure, notes, time)
        case .end(let end):
            release(notes, isClean: false)
            write(end, notes, time)
            exchanges[ObjectIdentifier(notes.exchange)] = nil
        }
    }

    private func notes(_ exchange: Exchange) -> ExchangeNotes {
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

    /// Writes one record. False when it is lost.
    @discardableResult
    func emit(
        _ type: StaticString, _ notes: ExchangeNotes?, _ time: Timestamp, _ fields: (inout JSONWriter) -> Void
    ) -> Bool {
        guard isReady(for: time) else {
            notes?.dropped += 1
            return false
        }
        let isWritten = put(type, notes, time, fields)
        if !isWritten { notes?.dropped += 1 }
        if let gap = sink.gap {
            sink.gapIsRecorded()
            put("error", nil, time) { out in
                out.field("stage", "record")
                out.field("error_type", "lost")
                out.field("message", "\(gap) records before the last one could not be written")
            }
        }
        return isWritten
    }

    private func isReady(for time: Timestamp) -> Bool {
        do throws(TraceError) {
            if try sink.prepare(for: time) {
                sessions.forgetBodies()
                writeMeta(time)
            }
            return true
        } catch {
            return sink.fail(error.description)
        }
    }

    @discardableResult
    private func put(
        _ type: StaticString, _ notes: ExchangeNotes?, _ time: Timestamp, _ fields: (inout JSONWriter) -> Void
    ) -> Bool {
        line.verbatim(#"{"v":1,"type":""#)
        line.verbatim(type)
        line.verbatim(#"","seq":"#)
        line.verbatim(text: String(sequence))
        line.verbatim(#","ts":""#)
        line.verbatim(bytes: seconds.text(time))
        line.verbatim(#"""#)
        if let notes {
            line.verbatim(",")
            line.verbatim(bytes: notes.common)
        }
        fields(&line)
        line.endObject()
        line.newline()
        let isWritten = sink.write(line.bytes)
        if isWritten {
            sequence += 1
            statistics.records += 1
        }
        if line.bytes.count > 4 << 20 { line = JSONWriter(capacity: 1 << 16) } else { line.removeAll() }
        return isWritten
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
            out.field("record", configuration.mode.rawValue)
            out.field("redact", configuration.redact.rawValue)
            out.field("started", time.rfc3339)
            out.field("repaired_bytes", sink.repairedBytes)
        }
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
        sink.close()
    }
}
