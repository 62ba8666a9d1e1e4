/// Compresses a closed trace file in small steps, so that the writer can look after its queue in between.
#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif
internal import CSystem

final class Compression {
    private let path: String
    private let source: Int32
    private let target: Int32
    private let gzip: gzFile
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)

    /// What a step came to.
    enum Step: Equatable {
        case more
        case done
        case failed(String)
    }

    private var temporary: String { path + ".gz.part" }

    /// Nil when there is nothing to do: the file is gone, or somebody still writes to it.
    init?(path: String) {
        self.path = path
        source = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard source >= 0 else { return nil }
        guard flock(source, LOCK_EX | LOCK_NB) == 0 else {
            close(source)
            return nil
        }
        target = open(path + ".gz.part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        let copy = target >= 0 ? fcntl(target, F_DUPFD_CLOEXEC, 0) : -1
        guard copy >= 0, let gzip = gzdopen(copy, "wb3") else {
            if copy >= 0 { close(copy) }
            if target >= 0 { close(target) }
            close(source)
            return nil
        }
        fchmod(target, 0o600)
        self.gzip = gzip
    }

    /// Compresses the next megabyte.
    func step() -> Step {
        let count = read(source, &buffer, buffer.count)
        if count < 0 { return abandon("cannot read \(path): \(SystemCall.reason(errno))") }
        if count == 0 { return finish() }
        guard Int(gzwrite(gzip, buffer, UInt32(count))) == count else {
            return abandon("cannot compress \(path): \(SystemCall.reason(errno))")
        }
        return .more
    }

    /// The compressed file takes the name only when it is complete and on the disk; then the source goes.
    private func finish() -> Step {
        guard gzclose(gzip) == Z_OK, fsync(target) == 0, rename(temporary, path + ".gz") == 0 else {
            let reason = SystemCall.reason(errno)
            closeFiles()
            unlink(temporary)
            return .failed("cannot compress \(path): \(reason); it stays as it is")
        }
        unlink(path)
        closeFiles()
        return .done
    }

    private func abandon(_ reason: String) -> Step {
        gzclose(gzip)
        closeFiles()
        unlink(temporary)
        return .failed(reason + "; it stays as it is")
    }

    private func closeFiles() {
        close(target)
        close(source)
    }
}
