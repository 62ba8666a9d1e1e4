/// One pass over bytes, sixteen at a time, that stops only where two neighbouring bytes are the anchor of a pattern.
internal import CSystem

struct SecretScan: Sendable {
    /// Which bytes can begin and end an anchor, by their halves.
    private let tables: [UInt8]
    /// Patterns by the first byte of their anchor.
    private let byFirst: [[SecretPattern]]

    init(_ patterns: [SecretPattern] = SecretPattern.all) {
        var byFirst = [[SecretPattern]](repeating: [], count: 256)
        var pairs: [(UInt8, UInt8)] = []
        for pattern in patterns {
            byFirst[Int(pattern.anchor.0)].append(pattern)
            if !pairs.contains(where: { $0 == pattern.anchor }) { pairs.append(pattern.anchor) }
        }
        self.byFirst = byFirst
        tables = Self.tables(pairs)
    }

    /// The secrets in this text, in order, none overlapping another.
    func secrets(in text: Span<UInt8>) -> [Secret] {
        var found: [Secret] = []
        var at = nextCandidate(text, 0)
        while at < text.count {
            check(text, at, &found)
            at = nextCandidate(text, at + 1)
        }
        return found.isEmpty ? found : Self.merged(found)
    }

    /// Four tables of sixteen: low and high half of the first byte, low and high half of the second. Each anchor sets one
    /// of eight bits in all four, the bit under which it lets the fewest other pairs through.
    private static func tables(_ pairs: [(UInt8, UInt8)]) -> [UInt8] {
        var tables = [UInt8](repeating: 0, count: 64)
        for pair in pairs {
            let places = [Int(pair.0 & 15), 16 + Int(pair.0 >> 4), 32 + Int(pair.1 & 15), 48 + Int(pair.1 >> 4)]
            let best = (0..<8).min { load(tables, places, 1 << $0) < load(tables, places, 1 << $1) } ?? 0
            for place in places { tables[place] |= 1 << UInt8(best) }
        }
        return tables
    }

    /// How many pairs a bit lets through once these places have it.
    private static func load(_ tables: [UInt8], _ places: [Int], _ bit: UInt8) -> Int {
        (0..<4).reduce(1) { product, table in
            product * (0..<16).count { tables[table * 16 + $0] & bit != 0 || places.contains(table * 16 + $0) }
        }
    }

    /// Where, from `from` on, an anchor may begin; the end when nowhere.
    private func nextCandidate(_ text: Span<UInt8>, _ from: Int) -> Int {
        text.extracting(from..<text.count).withUnsafeBufferPointer { rest in
            guard let base = rest.baseAddress else { return text.count }
            return from + bytesx_pair_run(base, rest.count, tables)
        }
    }

    private func check(_ text: Span<UInt8>, _ at: Int, _ found: inout [Secret]) {
        let second = text[at + 1]
        for pattern in byFirst[Int(text[at])] where pattern.anchor.1 == second { pattern.find(text, at, &found) }
    }

    /// In order, overlapping ones made one under the name of the first.
    private static func merged(_ found: [Secret]) -> [Secret] {
        guard found.count > 1 else { return found }
        var out: [Secret] = []
        for secret in found.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if let last = out.last, secret.range.lowerBound < last.range.upperBound {
                out[out.count - 1].range =
                    last.range.lowerBound..<max(last.range.upperBound, secret.range.upperBound)
            } else {
                out.append(secret)
            }
        }
        return out
    }
}
