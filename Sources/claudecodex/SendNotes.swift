internal import Intercept
internal import Synchronization

/// What the proxy knows of each answer and its client cannot see: the name by which the service was asked, and whether the
/// counts are the service's own.
final class SendNotes: Observer {
    struct Note: Sendable {
        /// Empty where no service was asked.
        var model = ""
        /// The client's name for the model.
        var clientModel = ""
        var usage: Usage?
    }

    private struct State {
        /// By our own request ids.
        var notes: [String: Note] = [:]
        /// Ours, by the service's: what passes through keeps the service's id.
        var names: [String: String] = [:]
    }

    private let state = Mutex(State())

    func observe(_ moment: Moment) {
        let own = moment.exchange.requestID
        switch moment.event {
        case .translation(let translation): note(translation.upstreamModel, own)
        case .upstream(let upstream): note(upstream.model, own)
        case .head(let head):
            guard let id = head.head.headers["request-id"], id != own else { return }
            state.withLock { $0.names[id] = own }
        case .response(let response):
            state.withLock { state in
                state.notes[own, default: Note()].usage = response.usage
                state.notes[own, default: Note()].clientModel = response.model
            }
        default: break
        }
    }

    private func note(_ name: String, _ id: String) {
        if !name.isEmpty { state.withLock { $0.notes[id, default: Note()].model = name } }
    }

    /// Of the answer with this `request-id`. Whole once the proxy has stopped.
    subscript(_ requestID: String) -> Note? {
        state.withLock { state in state.notes[state.names[requestID] ?? requestID] }
    }
}
