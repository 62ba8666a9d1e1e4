/// What forms leave out of the messages of recorded requests: dates, years and ids. Of several requests of one form the
/// one fits best that differs in the fewest messages. Requests that begin alike share what they have in common.
internal import Intercept

struct LeftOutTrails: Sendable {
    /// The end of a trail: the last message and, by it, all before.
    struct End: Sendable {
        fileprivate let node: Int
    }

    private struct Node {
        let before: Int
        let value: UInt64
    }

    private var nodes: [Node] = []
    private var known: [UInt64: Int] = [:]

    /// Takes one value for each message.
    mutating func add(_ values: [UInt64]) -> End {
        var last = -1
        for value in values {
            let key = QuickHash.mix(UInt64(last + 1), value)
            if let node = known[key] {
                last = node
            } else {
                nodes.append(Node(before: last, value: value))
                last = nodes.count - 1
                known[key] = last
            }
        }
        return End(node: last)
    }

    /// In how many messages a trail differs from one of the same length.
    func differences(_ end: End, _ values: [UInt64]) -> Int {
        var node = end.node
        var count = 0
        for value in values.reversed() where node >= 0 {
            if nodes[node].value != value { count += 1 }
            node = nodes[node].before
        }
        return count
    }
}
