internal import CSystem

/// Looking for the next byte that needs attention.
extension Span<UInt8> {
    /// Length of the run from `start` on that a JSON string holds unescaped and in ASCII.
    func plainRun(from start: Int) -> Int {
        extracting(start..<count).withUnsafeBufferPointer {
            $0.baseAddress.map { bytesx_plain_run($0, count - start) } ?? 0
        }
    }

    /// Length of the run from `start` on inside a JSON string that needs no further look; notes whether it holds escapes.
    func stringRun(from start: Int, escaped: inout Bool) -> Int {
        var hasEscape: Int32 = 0
        let length = extracting(start..<count).withUnsafeBufferPointer {
            $0.baseAddress.map { bytesx_string_run($0, count - start, &hasEscape) } ?? 0
        }
        if hasEscape != 0 { escaped = true }
        return length
    }

    /// Length of the valid UTF-8 sequence of several bytes at `start`, or 0.
    func sequenceLength(at start: Int) -> Int {
        extracting(start..<count).withUnsafeBufferPointer {
            $0.baseAddress.map { bytesx_sequence($0, count - start) } ?? 0
        }
    }

    /// Length of the run from `start` on without a line end.
    func lineRun(from start: Int) -> Int {
        extracting(start..<count).withUnsafeBufferPointer {
            $0.baseAddress.map { bytesx_line_run($0, count - start) } ?? 0
        }
    }
}
