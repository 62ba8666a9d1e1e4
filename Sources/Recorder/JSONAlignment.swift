/// How the elements of two lists belong together: equal ones first, then those that may be a new form of each other.
internal import Intercept

struct Alignment {
    enum Step: Equatable {
        case same
        case paired(Int, Int)
        case removed(Int)
        case added(Int)
    }

    /// In the order of both lists.
    private(set) var steps: [Step] = []

    /// Of longer stretches that differ, elements are paired by their place. The table of a stretch takes four bytes a cell.
    static let mostCells = 1 << 20

    init(_ old: [JSON], _ new: [JSON]) {
        let common = min(old.count, new.count)
        var head = 0
        while head < common, old[head].means(new[head]) { head += 1 }
        var tail = 0
        while tail < common - head, old[old.count - 1 - tail].means(new[new.count - 1 - tail]) { tail += 1 }
        steps += Array(repeating: .same, count: head)
        alignMiddle(old, new, head..<old.count - tail, head..<new.count - tail)
        steps += Array(repeating: .same, count: tail)
    }

    private mutating func alignMiddle(_ old: [JSON], _ new: [JSON], _ olds: Range<Int>, _ news: Range<Int>) {
        let (before, after) = (old[olds].map(\.meaning), new[news].map(\.meaning))
        var (from, to) = (olds.lowerBound, news.lowerBound)
        for (i, j) in Self.common(before, after) where old[olds.lowerBound + i].means(new[news.lowerBound + j]) {
            let (one, two) = (olds.lowerBound + i, news.lowerBound + j)
            pair(old, new, from..<one, to..<two)
            steps.append(.same)
            (from, to) = (one + 1, two + 1)
        }
        pair(old, new, from..<olds.upperBound, to..<news.upperBound)
    }

    /// A stretch in which nothing is equal.
    private mutating func pair(_ old: [JSON], _ new: [JSON], _ olds: Range<Int>, _ news: Range<Int>) {
        var (from, to) = (olds.lowerBound, news.lowerBound)
        for (i, j) in Self.common(old[olds].map(\.identity), new[news].map(\.identity)) {
            let (one, two) = (olds.lowerBound + i, news.lowerBound + j)
            steps += (from..<one).map { .removed($0) } + (to..<two).map { .added($0) } + [.paired(one, two)]
            (from, to) = (one + 1, two + 1)
        }
        steps += (from..<olds.upperBound).map { .removed($0) } + (to..<news.upperBound).map { .added($0) }
    }

    /// The longest sequence that both lists hold in this order, as pairs of indexes.
    static func common(_ left: [Int], _ right: [Int]) -> [(Int, Int)] {
        guard !left.isEmpty, !right.isEmpty else { return [] }
        guard left.count * right.count <= mostCells else {
            return zip(left.indices, right.indices).filter { left[$0] == right[$1] }
        }
        let width = right.count + 1
        var lengths = [Int32](repeating: 0, count: (left.count + 1) * width)
        for i in left.indices.reversed() {
            for j in right.indices.reversed() {
                lengths[i * width + j] =
                    left[i] == right[j]
                    ? lengths[(i + 1) * width + j + 1] + 1
                    : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var pairs: [(Int, Int)] = []
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if left[i] == right[j] {
                pairs.append((i, j))
                (i, j) = (i + 1, j + 1)
            } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
                i += 1
            } else {
                j += 1
            }
        }
        return pairs
    }
}
