/// Stretches of an answer with their times.
import Testing

@testable import Intercept

struct ByteTapeTests {
    private func events(_ event: Moment.Event?) -> Moment.Events? {
        if case .events(let events) = event { events } else { nil }
    }

    @Test("nothing is handed over when there is nothing, and nothing small before the end")
    func small() {
        var tape = ByteTape(.client, isEventStream: true)
        #expect(events(tape.take(at: 0, isComplete: true)) == nil)
        tape.append(Array("data: a\n\n".utf8), at: 1)
        #expect(events(tape.take(at: 2, isComplete: false)) == nil)
        let all = events(tape.take(at: 3, isComplete: true))
        #expect(all?.bytes == Array("data: a\n\n".utf8))
        #expect(all?.marks == [.init(offset: 0, milliseconds: 1)])
        #expect(all?.side == .client && all?.part == 0 && all?.isEventStream == true)
        #expect(events(tape.take(at: 4, isComplete: true)) == nil)
    }

    @Test("each piece has the time at which it came")
    func marks() {
        var tape = ByteTape(.upstream, isEventStream: false)
        tape.append([1, 2], at: 1.5)
        tape.append([3], at: 2.5)
        let all = events(tape.take(at: 9, isComplete: true))
        #expect(all?.bytes == [1, 2, 3])
        #expect(all?.marks == [.init(offset: 0, milliseconds: 1.5), .init(offset: 2, milliseconds: 2.5)])
    }

    @Test(
        "an old or large stretch ends at the end of its last event; the rest keeps its time",
        arguments: ["\n\n", "\r\n\r\n"])
    func parts(end: String) {
        var tape = ByteTape(.client, isEventStream: true)
        let first = Array("data: a\(end)".utf8)
        tape.append(first, at: 0)
        tape.append(Array("data: b\(end)data: ".utf8), at: 10)
        tape.append(Array("c".utf8), at: 20)
        #expect(events(tape.take(at: 29_999, isComplete: false)) == nil)
        let old = events(tape.take(at: 30_001, isComplete: false))
        #expect(Core.text(old?.bytes ?? []) == "data: a\(end)data: b\(end)")
        #expect(old?.marks == [.init(offset: 0, milliseconds: 0), .init(offset: first.count, milliseconds: 10)])
        tape.append([UInt8](repeating: 0x20, count: 1 << 20), at: 30_002)
        #expect(events(tape.take(at: 30_003, isComplete: false)) == nil, "no event has ended")
        tape.append(Array(end.utf8), at: 30_004)
        let large = events(tape.take(at: 30_005, isComplete: false))
        #expect(large?.part == 1)
        #expect(large?.bytes.count == 7 + (1 << 20) + end.utf8.count)
        #expect(large?.marks.prefix(2) == [.init(offset: 0, milliseconds: 10), .init(offset: 6, milliseconds: 20)])
    }

    @Test("a body that is no event stream is handed over whole")
    func body() {
        var tape = ByteTape(.upstream, isEventStream: false)
        tape.append([UInt8](repeating: 0x0A, count: 2 << 20), at: 0)
        #expect(events(tape.take(at: 60_000, isComplete: false)) == nil)
        #expect(events(tape.take(at: 60_000, isComplete: true))?.bytes.count == 2 << 20)
    }
}
