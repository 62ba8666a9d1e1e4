/// SHA-256 of bodies that begin alike: the states reached on the way are kept, and the next body is hashed only from
/// where it parts from the last one.
internal import Intercept

struct HashTrail {
    /// Distance of the kept states, in bytes.
    static let stride = 16384

    /// The state after each stride.
    private var states: [SHA256] = []
    let hex: String

    /// Hashes `bytes` with `edits` made. `base` is the trail of a body that shares its first `common` bytes; both must
    /// be without edits for that to help.
    init(_ bytes: [UInt8], edits: [Edit], base: HashTrail?, common: Int) {
        guard edits.isEmpty else {
            var hash = SHA256()
            bytes.forEachPiece(of: 0..<bytes.count, edits) { hash.update($0) }
            hex = hash.hex
            return
        }
        if let base { states = Array(base.states.prefix(common / Self.stride)) }
        var hash = states.last ?? SHA256()
        while hash.count + Self.stride <= bytes.count {
            hash.update(bytes[hash.count..<hash.count + Self.stride])
            states.append(hash)
        }
        hash.update(bytes[hash.count...])
        hex = hash.hex
    }
}
