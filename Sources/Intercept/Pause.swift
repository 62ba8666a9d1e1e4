/// Waiting on the loop without holding it up.
extension EventLoop {
    /// Comes back after a while, or as soon as the client of an exchange has gone. Call it on the loop.
    func pause(milliseconds: Int, unless departure: Departure? = nil) async {
        if departure?.hasHappened ?? false { return }
        await withUnsafeContinuation { continuation in
            let pause = Pause(continuation)
            let timer = after(milliseconds: milliseconds) { pause.end() }
            departure?.tell { [weak self] in
                self?.cancel(timer)
                pause.end()
            }
        }
        departure?.tell(nil)
    }
}

/// A task that waits, to be woken once. Belongs to the loop's thread.
private final class Pause: @unchecked Sendable {
    private var continuation: UnsafeContinuation<Void, Never>?

    init(_ continuation: UnsafeContinuation<Void, Never>) { self.continuation = continuation }

    func end() {
        continuation?.resume()
        continuation = nil
    }
}
