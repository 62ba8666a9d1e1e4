/// Tells whoever works for an exchange that its client has gone away. Belongs to the loop's thread.
public final class Departure: @unchecked Sendable {
    public private(set) var hasHappened = false
    private var handler: (@Sendable () -> Void)?

    public init() {}

    /// Calls `handler` once when the client goes, at once when it has gone; nil: nobody needs to know any more.
    public func tell(_ handler: (@Sendable () -> Void)?) {
        if hasHappened { handler?() } else { self.handler = handler }
    }

    func happen() {
        guard !hasHappened else { return }
        hasHappened = true
        let told = handler
        handler = nil
        told?()
    }
}
