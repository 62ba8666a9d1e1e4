/// Timers by deadline.
import Testing

@testable import Intercept

struct TimerTests {
    private func timer(_ deadline: Int64) -> Timer { Timer(deadline: Monotonic(nanoseconds: deadline)) {} }

    @Test("timers come out in the order of their deadlines, whatever the order they went in")
    func order() {
        var random = SystemRandomNumberGenerator()
        var heap = TimerHeap()
        let deadlines = (0..<200).map { Int64($0 / 2) }.shuffled(using: &random)
        for deadline in deadlines { heap.insert(timer(deadline)) }
        #expect(heap.next == Monotonic(nanoseconds: 0))
        let due = heap.takeDue(at: Monotonic(nanoseconds: 1000))
        #expect(due.map(\.deadline.nanoseconds) == deadlines.sorted())
        #expect(heap.next == nil)
    }

    @Test("only what is due comes out, a deadline itself is due")
    func due() {
        var heap = TimerHeap()
        for deadline in [30, 10, 20] { heap.insert(timer(Int64(deadline))) }
        #expect(heap.takeDue(at: Monotonic(nanoseconds: 9)).isEmpty)
        #expect(heap.takeDue(at: Monotonic(nanoseconds: 20)).map(\.deadline.nanoseconds) == [10, 20])
        #expect(heap.next == Monotonic(nanoseconds: 30))
    }

    @Test("timers taken out of the middle do not fire, the others keep their order")
    func remove() {
        var random = SystemRandomNumberGenerator()
        for count in 1...40 {
            var heap = TimerHeap()
            let timers = (0..<count).map { timer(Int64($0)) }
            for timer in timers.shuffled(using: &random) { heap.insert(timer) }
            let gone = timers.filter { _ in Bool.random(using: &random) }
            for timer in gone.shuffled(using: &random) { heap.remove(timer) }
            for timer in gone { heap.remove(timer) }
            let left = timers.filter { timer in !gone.contains { $0 === timer } }.map(\.deadline.nanoseconds)
            #expect(heap.takeDue(at: Monotonic(nanoseconds: 1000)).map(\.deadline.nanoseconds) == left)
            #expect(timers.allSatisfy { $0.index == -1 })
        }
    }
}
