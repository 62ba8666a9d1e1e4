/// What the client puts into requests for its own ends, and no model should see.
public enum ClientMarks {
    /// The tool with which the client keeps deferred loading active; never to be called.
    public static let placeholder = "DeferredToolPlaceholder"

    /// How the client's note of its own version begins: it changes with every kind of request and would spoil prompt caches.
    static let attribution = "x-anthropic-billing-header:"
    private static let quoted = Array("\"\(attribution)".utf8)

    /// Whether this is that note.
    public static func isAttribution(_ text: JSON) -> Bool { text.isString && text.raw.starts(with: quoted) }
}
