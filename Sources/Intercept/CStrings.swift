#if canImport(Glibc)
    @preconcurrency internal import Glibc
#else
    @preconcurrency internal import Darwin
#endif

/// Lists of C strings, as programs are started with.
public enum CStrings {
    /// Calls `body` with a null-terminated array of C strings. What stands behind a NUL in a string is lost.
    public static func with<Result>(
        _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { bytes in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
            for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copy[bytes.count] = 0
            return copy
        }
        pointers.append(nil)
        defer { for pointer in pointers { pointer?.deallocate() } }
        return body(pointers)
    }

    /// The entries of this process's environment, byte for byte: `NAME=value`.
    public static func environment() -> [[UInt8]] {
        var entries: [[UInt8]] = []
        var at = environ
        while let entry = at.pointee {
            entries.append(Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
            at += 1
        }
        return entries
    }
}
