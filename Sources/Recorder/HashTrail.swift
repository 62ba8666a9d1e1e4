/// SHA-256 of bodies that begin alike: the states reached on the way are kept, and the next body is hashed only from
/// where it parts from the last one. What is hashed is the text after redaction.
internal import Intercept

struct HashTrail {
    /// Distance of the kept states, in bytes.
    static let stride = 4096

    /// The state after each stride.
    private var states: [SHA256] = []
    private let edits: [Edit]
    let hex: String

    /// Hashes `bytes` with `edits` made. `base` is the trail of a body that shares its first `common` bytes.
    init(_ bytes: [UInt8], edits: [Edit], base: HashTrail?, common: Int) {
        self.edits = edits
        if let base { states = Array(base.states.prefix(Self.shared(edits, base.edits, common) / Self.stride)) }
        var hash = states.last ?? SHA256()
        var skip = hash.count
        var states = states
        bytes.forEachPiece(of: 0..<bytes.count, edits) { piece in
            let known = min(skip, piece.count)
            skip -= known
            var rest = piece.dropFirst(known)
            while hash.count % Self.stride + rest.count >= Self.stride {
                let taken = Self.stride - hash.count % Self.stride
                hash.update(rest.prefix(taken))
                rest = rest.dropFirst(taken)
                states.append(hash)
            }
            hash.update(rest)
        }
        self.states = states
        hex = hash.hex
    }

    /// How many bytes both texts share once their edits are made, when they share `common` before.
    private static func shared(_ edits: [Edit], _ others: [Edit], _ common: Int) -> Int {
        var grown = 0
        for (index, edit) in edits.enumerated() where edit.range.lowerBound < common {
            guard index < others.count, others[index] == edit, edit.range.upperBound <= common else {
                return min(edit.range.lowerBound, index < others.count ? others[index].range.lowerBound : .max) + grown
            }
            grown += edit.replacement.count - edit.range.count
        }
        let next = edits.count { $0.range.lowerBound < common }
        if next < others.count, others[next].range.lowerBound < common { return others[next].range.lowerBound + grown }
        return common + grown
    }
}
