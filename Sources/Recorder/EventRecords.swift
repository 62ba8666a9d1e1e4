/// The record `events`. A secret that a model streams comes in pieces, none of which looks like one: stretches of a
/// stream wait until the whole answer has been looked at.
internal import Intercept

/// Stretches of an exchange's stream that wait for its answer.
struct HeldStream {
    var waiting: [(events: Moment.Events, time: Timestamp)] = []
    var bytes = 0
    /// The answer has been seen.
    var isDecided = false
    /// The answer holds a secret, or there is no answer to judge by.
    var isSuspect = false
    /// A secret was found in the answer, or not all of the stream waits any more: a binary stream cannot be judged then.
    var isUnsafe = false
}

extension RecordWriter {
    func hold(_ events: Moment.Events, _ notes: ExchangeNotes, _ time: Timestamp) {
        guard redactor.level == .tokens else { return writeAtOnce(events, notes, time) }
        notes.stream.waiting.append((events, time))
        notes.stream.bytes += events.bytes.count
        if notes.stream.isDecided {
            writeWaiting(notes)
        } else if notes.stream.bytes > configuration.streamLimit {
            notes.stream.isSuspect = true
            notes.stream.isUnsafe = true
            writeWaiting(notes)
        }
    }

    /// Writes what has waited. `isClean` says that the answer is complete and holds no secret.
    func release(_ notes: ExchangeNotes, isClean: Bool) {
        notes.stream.isDecided = true
        if !isClean { notes.stream.isSuspect = true }
        writeWaiting(notes)
    }

    private func writeWaiting(_ notes: ExchangeNotes) {
        let waiting = notes.stream.waiting
        guard !waiting.isEmpty else { return }
        notes.stream.waiting = []
        notes.stream.bytes = 0
        // What an interceptor took out of the answer was never looked at.
        let isSuspect = notes.stream.isSuspect || notes.isAltered
        let lists = waiting.map { EventList($0.events, isExact: !isSuspect, room: rooms.popLast() ?? []) }
        let edits =
            isSuspect
            ? pieceEdits(waiting.map(\.events.side), lists) : lists.map { redactor.edits($0.json, 0..<$0.json.count) }
        let harmless = isSuspect ? harmlessSides(waiting.map(\.events), lists, notes) : []
        if isSuspect { notes.stream.isUnsafe = true }
        for index in waiting.indices {
            let (events, time) = waiting[index]
            if isSuspect, lists[index].isBinary, !harmless.contains(events.side) {
                writeDropped(events, notes, time)
            } else {
                write(events, lists[index], edits[index], notes, time)
            }
        }
        rooms = lists.prefix(4).map(\.json).filter { $0.capacity < 1 << 20 }
    }

    /// The sides whose binary streams are known to hold no secret, though there is no answer to judge them by.
    private func harmlessSides(
        _ events: [Moment.Events], _ lists: [EventList], _ notes: ExchangeNotes
    ) -> [Moment.Events.Side] {
        if notes.stream.isUnsafe || notes.isAltered { return [] }
        return [.upstream, .client].filter { side in
            guard lists.indices.contains(where: { events[$0].side == side && lists[$0].isBinary }) else { return false }
            return FramePayloads.holdNoSecret(events.filter { $0.side == side }.flatMap(\.bytes), redactor)
        }
    }

    /// Each side is a text of its own.
    private func pieceEdits(_ sides: [Moment.Events.Side], _ lists: [EventList]) -> [[Edit]] {
        var edits = [[Edit]](repeating: [], count: lists.count)
        for side in [Moment.Events.Side.upstream, .client] {
            let parsed = lists.indices.compactMap { place in
                sides[place] == side ? lists[place].parsed.map { (place, $0) } : nil
            }
            let found = PieceRedaction.edits(parsed.map(\.1), redactor)
            for ((place, _), more) in zip(parsed, found) { edits[place] = more }
        }
        return edits
    }

    /// At the levels that need no look at the whole: `off` and `headers` keep everything, `strict` nothing that is text.
    private func writeAtOnce(_ events: Moment.Events, _ notes: ExchangeNotes, _ time: Timestamp) {
        guard redactor.level == .strict else { return write(events, EventList(events), [], notes, time) }
        let list = EventList(events, isExact: false)
        guard let parsed = list.parsed else { return writeDropped(events, notes, time) }
        write(events, list, PieceRedaction.textEdits(parsed, redactor), notes, time)
    }

    private func write(
        _ events: Moment.Events, _ list: EventList, _ edits: [Edit], _ notes: ExchangeNotes, _ time: Timestamp
    ) {
        var json = list.json
        if !edits.isEmpty {
            json = json.edited(0..<json.count, edits)
            if (try? JSON.parse(json)) == nil { return writeDropped(events, notes, time) }
        }
        emit("events", notes, time) { out in
            out.field("side", events.side.rawValue)
            out.field("part", events.part)
            if list.isBinary { out.field("encoding", "base64") }
            out.verbatim(#","events":"#)
            out.verbatim(bytes: json)
        }
    }

    private func writeDropped(_ events: Moment.Events, _ notes: ExchangeNotes, _ time: Timestamp) {
        notes.dropped += 1
        statistics.redactionFailures += 1
        emit("events", notes, time) { out in
            out.field("side", events.side.rawValue)
            out.field("part", events.part)
            out.field("events_dropped", "redaction")
        }
    }
}
