/// One pass over bytes, sixteen at a time, that stops only where two neighbouring bytes are the anchor of a pattern.
struct SecretScan: Sendable {
    private let anchors: [Anchor]
    /// Patterns by the first byte of their anchor.
    private let byFirst: [[SecretPattern]]

    private struct Anchor: Sendable {
        let first: SIMD16<UInt8>
        let second: SIMD16<UInt8>
    }

    init(_ patterns: [SecretPattern] = SecretPattern.all) {
        var byFirst = [[SecretPattern]](repeating: [], count: 256)
        var pairs: [(UInt8, UInt8)] = []
        for pattern in patterns {
            byFirst[Int(pattern.anchor.0)].append(pattern)
            if !pairs.contains(where: { $0 == pattern.anchor }) { pairs.append(pattern.anchor) }
        }
        self.byFirst = byFirst
        anchors = pairs.map { Anchor(first: SIMD16(repeating: $0.0), second: SIMD16(repeating: $0.1)) }
    }

    /// The secrets in this text, in order, none overlapping another.
    func secrets(in text: Span<UInt8>) -> [Secret] {
        var found: [Secret] = []
        var at = 0
        while at < text.count {
            at = nextCandidate(text, at)
            guard at < text.count else { break }
            let stop = min(at + 16, text.count - 1)
            while at < stop {
                check(text, at, &found)
                at += 1
            }
            if at == text.count - 1 { break }
        }
        return Self.merged(found)
    }

    /// The first index from which sixteen bytes hold an anchor, or the last bytes that do not fill sixteen.
    private func nextCandidate(_ text: Span<UInt8>, _ from: Int) -> Int {
        let raw = text.bytes
        var at = from
        anchors.withUnsafeBufferPointer { anchors in
            while at &+ 17 <= text.count {
                let here = raw.unsafeLoadUnaligned(fromByteOffset: at, as: SIMD16<UInt8>.self)
                let next = raw.unsafeLoadUnaligned(fromByteOffset: at &+ 1, as: SIMD16<UInt8>.self)
                var hit = SIMDMask<SIMD16<Int8>>(repeating: false)
                for anchor in anchors { hit = hit .| ((here .== anchor.first) .& (next .== anchor.second)) }
                if any(hit) { return }
                at &+= 16
            }
        }
        return at
    }

    private func check(_ text: Span<UInt8>, _ at: Int, _ found: inout [Secret]) {
        let patterns = byFirst[Int(text[at])]
        guard !patterns.isEmpty else { return }
        let second = text[at + 1]
        for pattern in patterns where pattern.anchor.1 == second { pattern.find(text, at, &found) }
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
