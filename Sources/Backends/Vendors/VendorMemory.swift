internal import Intercept
internal import Synchronization

/// What one upstream's refusals have taught since the start, for each model.
final class VendorMemory: Sendable {
    private struct Learnt {
        var quirks: [String: Quirks] = [:]
        var hasNoCounting = false
    }

    private let learnt = Mutex(Learnt())
    /// Names come from clients: more than this many are not remembered.
    private static let limit = 64

    var hasNoCounting: Bool { learnt.withLock { $0.hasNoCounting } }

    func noteNoCounting() { learnt.withLock { $0.hasNoCounting = true } }

    func quirks(of model: String) -> Quirks? { learnt.withLock { $0.quirks[model] } }

    /// Adds what a refusal said; gives whether that is news.
    func learn(_ lesson: VendorRefusal, of model: String) -> Bool {
        learnt.withLock { learnt in
            guard learnt.quirks[model] != nil || learnt.quirks.count < Self.limit else { return false }
            let old = learnt.quirks[model] ?? Quirks()
            var new = old
            lesson.apply(to: &new)
            learnt.quirks[model] = new
            return new != old
        }
    }
}
