internal import Intercept

/// What the client puts into requests for its own ends, and no model should see.
enum ClientMarks {
    /// The tool with which the client keeps deferred loading active; never to be called.
    static let placeholder = "DeferredToolPlaceholder"

    /// The client's note of its own version: it changes with every kind of request and would spoil prompt caches.
    static func isAttribution(_ text: JSON) -> Bool {
        text.isString && text.raw.starts(with: #""x-anthropic-billing-header:"#.utf8)
    }
}
