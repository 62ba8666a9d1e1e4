import Synchronization
import Testing

@testable import Intercept

/// Pauses between tries.
@Suite struct BackoffTests {
    private let backoff = Backoff(firstMS: 100, mostMS: 2_000, most: 6)

    @Test("each pause is twice as long, up to the longest, and half of it is chance")
    func growing() {
        let pauses = (0..<6).map { [backoff.pause($0, chance: 0), backoff.pause($0, chance: 0.999)] }
        #expect(pauses == [[50, 99], [100, 199], [200, 399], [400, 799], [800, 1599], [1000, 1999]])
    }

    @Test("after so many there is none")
    func ending() {
        #expect(backoff.pause(6) == nil)
        #expect(backoff.pause(1000) == nil)
    }

    @Test(
        "the service's own word counts where it is longer, and one that is too long ends the tries",
        arguments: [("1", 1000), (" 2 ", 2000), ("3", nil), ("0", 50), ("-1", 50), ("Thu, 01 Jan 1970", 50), ("", 50)])
    func retryAfter(word: String, milliseconds: Int?) {
        #expect(backoff.pause(0, retryAfter: word, chance: 0) == milliseconds)
    }
}

/// Waiting on the loop.
@Suite struct PauseTests {
    /// Runs a loop until a pause has ended, or for a minute; gives how long it took, nil when it did not end.
    private func took(_ milliseconds: Int, _ departure: Departure? = nil, leavesAfter: Int? = nil) throws -> Double? {
        let loop = try EventLoop()
        let began = Monotonic.now()
        let time = Mutex<Double?>(nil)
        if let leavesAfter, let departure { loop.after(milliseconds: leavesAfter) { departure.happen() } }
        loop.spawn {
            await loop.pause(milliseconds: milliseconds, unless: departure)
            time.withLock { $0 = Monotonic.now().milliseconds(since: began) }
            loop.stop()
        }
        loop.after(milliseconds: 60_000) { loop.stop() }
        loop.run()
        return time.withLock { $0 }
    }

    @Test("a pause lasts as long as it should")
    func whole() throws {
        #expect(try took(30) ?? 0 >= 29)
        #expect(try took(30, Departure()) ?? 0 >= 29)
    }

    @Test("a pause ends when the client goes, and does not begin when it has gone")
    func short() throws {
        #expect(try took(3_600_000, Departure(), leavesAfter: 10) != nil)
        let gone = Departure()
        gone.happen()
        #expect(try took(3_600_000, gone) != nil)
    }
}
