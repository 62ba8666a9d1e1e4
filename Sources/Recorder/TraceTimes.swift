/// When a trace file begins and ends, without reading what lies between.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import CSystem
internal import Intercept

public enum TraceTimes {
    private static let beginning = Array(#"{"v":1,"type":""#.utf8)
    private static let name = Array(#""ts":""#.utf8)

    /// `ts` of the first record, plain or compressed; nil where there is none.
    public static func first(_ path: String) -> String? {
        guard let file = gzopen(path, "rb") else { return nil }
        defer { gzclose(file) }
        var room = [UInt8](repeating: 0, count: 4096)
        let count = room.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32($0.count)) }
        return count > 0 ? time(in: room, 0..<Int(count)) : nil
    }

    /// `ts` of the last record; of a compressed file (nobody writes to it any more) that of the first.
    public static func last(_ path: String) -> String? {
        if path.hasSuffix(".gz") { return first(path) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        // A last line can be long: a request with an image.
        for length in [64 << 10, 4 << 20] {
            let from = max(0, size - length)
            var room = [UInt8](repeating: 0, count: size - from)
            let count = room.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(from)) }
            guard count > 0 else { return nil }
            if let found = lastTime(in: room, Int(count)) { return found }
            if from == 0 { return nil }
        }
        return first(path)
    }

    private static func lastTime(in bytes: [UInt8], _ count: Int) -> String? {
        var found: String?
        var at = 0
        while let start = bytes.span.find(beginning, in: at..<count) {
            found = time(in: bytes, start..<min(count, start + 512)) ?? found
            at = start + beginning.count
        }
        return found
    }

    private static func time(in bytes: [UInt8], _ range: Range<Int>) -> String? {
        guard let at = bytes.span.find(name, in: range), at + name.count + 24 <= range.upperBound else { return nil }
        return String(decoding: bytes[(at + name.count)..<(at + name.count + 24)], as: UTF8.self)
    }
}
