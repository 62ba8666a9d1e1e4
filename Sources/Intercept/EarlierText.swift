/// An earlier JSON text beside the one that is being parsed: which of its values is the counterpart of the next one, and
/// taking over the index of those that stand here again.
internal import CSystem

struct EarlierText {
    /// An open array or object of the earlier text.
    private struct Container {
        /// Its first node behind the last counterpart.
        var next: Int
        let begin: Int
        let end: Int
    }

    /// Deeper values are parsed: what changes from one request to the next is a message or a block of one.
    private static let deepest = 6

    private let document: JSONDocument
    /// The counterparts of the open containers, outermost first.
    private var containers: [Container] = []
    /// Open containers that have none.
    private var strange = 0
    /// The counterpart of the next value.
    private var mate: Int? = 0

    init(_ document: JSONDocument) {
        self.document = document
        containers.reserveCapacity(Self.deepest)
    }

    /// The next value is that of this member.
    mutating func nextMember(named key: JSONDocument.Node, in text: Span<UInt8>) {
        mate = nil
        guard strange == 0, var container = containers.popLast() else { return }
        mate =
            member(key, text, from: container.next, to: container.end)
            ?? member(key, text, from: container.begin, to: container.next)
        if let mate { container.next = Int(document.nodes[mate].next) }
        containers.append(container)
    }

    private func member(_ key: JSONDocument.Node, _ text: Span<UInt8>, from: Int, to end: Int) -> Int? {
        var at = from
        while at < end {
            if isSame(document.nodes[at], text, Int(key.start), upTo: Int(key.end)) { return at + 1 }
            at = Int(document.nodes[at + 1].next)
        }
        return nil
    }

    /// The next value is the next element.
    mutating func nextElement() {
        mate = nil
        guard strange == 0, let place = containers.indices.last, containers[place].next < containers[place].end else {
            return
        }
        mate = containers[place].next
        containers[place].next = Int(document.nodes[containers[place].next].next)
    }

    /// An array or object begins.
    mutating func open(_ kind: JSON.Kind) {
        guard strange == 0, containers.count < Self.deepest, let mate, document.nodes[mate].kind == kind else {
            strange += 1
            return
        }
        containers.append(Container(next: mate + 1, begin: mate + 1, end: Int(document.nodes[mate].next)))
    }

    /// The innermost array or object ends.
    mutating func close() {
        if strange > 0 { strange -= 1 } else { containers.removeLast() }
    }

    /// If the counterpart of the next value stands at `at`, appends its nodes and gives the index behind it.
    func takeOver(_ text: Span<UInt8>, _ at: Int, into nodes: inout [JSONDocument.Node]) -> Int? {
        guard let mate else { return nil }
        let node = document.nodes[mate]
        let end = at + Int(node.end - node.start)
        guard isSame(node, text, at, upTo: end), node.kind != .number || Self.endsNumber(text, end) else { return nil }
        let distance = UInt32(truncatingIfNeeded: at) &- node.start
        let step = UInt32(truncatingIfNeeded: nodes.count &- mate)
        let known = document.nodes[mate..<Int(node.next)]
        nodes.append(addingCapacity: known.count) { free in
            for var node in known {
                node.start &+= distance
                node.end &+= distance
                node.next &+= step
                free.append(node)
            }
        }
        return end
    }

    /// Whether the node's bytes stand at `at`.
    private func isSame(_ node: JSONDocument.Node, _ text: Span<UInt8>, _ at: Int, upTo end: Int) -> Bool {
        guard end - at == Int(node.end - node.start), end <= text.count else { return false }
        return text.extracting(at..<end).withUnsafeBytes { here in
            document.bytes.withUnsafeBytes { there in
                guard let left = here.baseAddress, let right = there.baseAddress else { return false }
                return memcmp(left, right + Int(node.start), end - at) == 0
            }
        }
    }

    private static func endsNumber(_ text: Span<UInt8>, _ at: Int) -> Bool {
        guard at < text.count else { return true }
        switch text[at] {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: return true
        default: return false
        }
    }
}
