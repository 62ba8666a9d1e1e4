internal import CSystem

/// Looking for the next byte that needs attention.
extension Span<UInt8> {
    /// Length of the run from `start` on that a JSON string holds unescaped and in ASCII.
    func plainRun(from start: Int) -> Int {
        extracting(start..<count).withUnsafeBufferPointer {
            $0.baseAddress.map { bytesx_plain_run($0, count - start) } ?? 0
        }
    }

    /// Length of the run from `start` on without a line end.
    func lineRun(from start: Int) -> Int {
        extracting(start..<count).withUnsafeBufferPointer {
            $0.baseAddress.map { bytesx_line_run($0, count - start) } ?? 0
        }
    }
}
