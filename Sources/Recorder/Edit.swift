/// What replaces a stretch of bytes. Lists of edits are in order and do not overlap.
struct Edit: Sendable, Equatable {
    var range: Range<Int>
    var replacement: [UInt8]
}

extension [Edit] {
    /// The edits that lie within `range`.
    func within(_ range: Range<Int>) -> ArraySlice<Edit> {
        if isEmpty { return [] }
        let first = firstIndex { $0.range.lowerBound >= range.lowerBound } ?? endIndex
        let last = self[first...].firstIndex { $0.range.upperBound > range.upperBound } ?? endIndex
        return self[first..<last]
    }
}

extension ArraySlice<Edit> {
    /// The same edits for bytes that stand `distance` further on.
    func shifted(by distance: Int) -> [Edit] {
        map {
            Edit(
                range: $0.range.lowerBound + distance..<$0.range.upperBound + distance, replacement: $0.replacement)
        }
    }
}

extension [UInt8] {
    /// The bytes of `range` with the edits made.
    func edited(_ range: Range<Int>, _ edits: [Edit]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        forEachPiece(of: range, edits) { out.append(contentsOf: $0) }
        return out
    }

    /// Hands over the pieces that `range` consists of once the edits are made.
    func forEachPiece(of range: Range<Int>, _ edits: [Edit], _ take: (ArraySlice<UInt8>) -> Void) {
        var from = range.lowerBound
        for edit in edits.within(range) {
            take(self[from..<edit.range.lowerBound])
            take(edit.replacement[...])
            from = edit.range.upperBound
        }
        take(self[from..<range.upperBound])
    }
}
