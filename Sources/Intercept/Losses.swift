/// What a translator could not carry over exactly. Goes into the trace, one entry for each kind and place.
public struct Losses: Sendable {
    /// What was done to the part of the request that has no equal on the other side.
    public enum Operation: String, Sendable {
        case drop, rename, clamp, move, emulate
    }

    /// One thing that changed its meaning or went missing.
    public struct Loss: Sendable, Equatable {
        public let operation: Operation
        /// JSON path in the client's request: `tools[3].cache_control`.
        public let path: String
        public let why: String
        /// The value before and after, where a number or a name says it best.
        public let from: String?
        public let to: String?

        /// The path without the numbers of elements, so that the same loss of all tools is one kind.
        public var place: String { Losses.place(path) }
    }

    /// `tools[3].strict` is at the place `tools[].strict`.
    public static func place(_ path: String) -> String {
        var place = ""
        var isInside = false
        for character in path {
            if character == "]" { isInside = false }
            if !isInside { place.append(character) }
            if character == "[" { isInside = true }
        }
        return place
    }

    public private(set) var all: [Loss] = []
    private var seen: Set<String> = []

    public init() {}

    public var isEmpty: Bool { all.isEmpty }

    /// Notes a loss. The same operation on the same path is noted once.
    public mutating func add(
        _ operation: Operation, _ path: String, _ why: String, from: String? = nil, to: String? = nil
    ) {
        add(Loss(operation: operation, path: path, why: why, from: from, to: to))
    }

    /// Notes as dropped each member of an object that is not among `known`.
    public mutating func drop(_ object: JSON, except known: [String], _ why: String) {
        for (key, _) in object.members {
            guard let name = key.string, !known.contains(name) else { continue }
            add(.drop, name, why)
        }
    }

    /// Notes a loss that was described before.
    public mutating func add(_ loss: Loss) {
        guard seen.insert("\(loss.operation.rawValue) \(loss.path)").inserted else { return }
        all.append(loss)
    }
}
