/// The door through which libFuzzer comes in: `scripts/fuzz` builds it, FUZZ_TARGET names the target.
#if FUZZ
    import Foundation

    private let target: FuzzTarget = {
        let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            fatalError("FUZZ_TARGET=\(name): expected one of \(FuzzTarget.allCases.map(\.rawValue))")
        }
        return target
    }()

    @_cdecl("LLVMFuzzerTestOneInput")
    public func takeInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        if let fault = target.fault(Array(UnsafeBufferPointer(start: start, count: count))) {
            FileHandle.standardError.write(Data("does not hold: \(fault)\n".utf8))
            // The signal by which libFuzzer notices, and writes the input down.
            abort()
        }
        return 0
    }
#endif
