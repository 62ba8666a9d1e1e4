/// Exchanges that have begun and not ended, in the order of their requests. Each step costs the same however many are open.
public struct OpenExchanges<Exchange> {
    /// One of them, and its place among all.
    public struct Entry {
        fileprivate let place: Int
        public var exchange: Exchange
    }

    private var entries: [String: Entry] = [:]
    private var begun = 0

    public init() {}

    /// Gives the one that had the same id and no end yet: what follows belongs to the new one.
    public mutating func begin(_ id: String, _ exchange: Exchange) -> Exchange? {
        begun += 1
        return entries.updateValue(Entry(place: begun, exchange: exchange), forKey: id)?.exchange
    }

    /// Changes one in its place.
    public mutating func change(_ id: String, _ change: (inout Exchange) -> Void) {
        guard let index = entries.index(forKey: id) else { return }
        change(&entries.values[index].exchange)
    }

    /// Takes one out. It may be put back.
    public mutating func remove(_ id: String) -> Entry? { entries.removeValue(forKey: id) }

    public mutating func putBack(_ id: String, _ entry: Entry) { entries[id] = entry }

    /// Takes out all, in the order of their requests.
    public mutating func removeAll() -> [Exchange] {
        defer { entries = [:] }
        return entries.values.sorted { $0.place < $1.place }.map(\.exchange)
    }
}
