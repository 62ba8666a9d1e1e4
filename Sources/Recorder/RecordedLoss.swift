/// What translation could not carry over, as a trace holds it.
internal import Intercept

public struct RecordedLoss: Sendable, Hashable {
    /// `drop rename clamp move emulate`
    public let operation: String
    /// The place in the client's request.
    public let path: String
    public let why: String
    /// The value before and after, where one says it best.
    public let from: String?
    public let to: String?

    init(_ json: JSON) {
        operation = json["op"]?.string ?? ""
        path = json["path"]?.string ?? ""
        why = json["why"]?.string ?? ""
        from = json["from"]?.string
        to = json["as"]?.string
    }
}

extension RecordedExchange {
    /// The losses of the last translation that made the upstream's request, and of reading its answer, each once.
    public var losses: [RecordedLoss] {
        var seen: Set<RecordedLoss> = []
        return records("translation").flatMap { $0["losses"]?.elements.map { RecordedLoss($0) } ?? [] }
            .filter { seen.insert($0).inserted }
    }
}
